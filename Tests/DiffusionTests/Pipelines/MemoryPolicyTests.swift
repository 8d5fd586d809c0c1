import Architectures
@testable import Diffusion
import Foundation
import Inference
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// The same picture, whatever is kept in memory.
@Suite struct MemoryPolicyTests {
    @Test(arguments: ["sdxl/image-two-images", "inpainting/two-images"])
    func policiesDrawTheSame(_ name: String) async throws {
        let run = try GoldenRun.named(name)
        let model = try run.loadModel()
        let request = try run.request(model)
        let pipeline = LatentDiffusionPipeline(model, memory: .resident)
        let resident = try await pipeline.generate(request)
        // Once more, by the networks that were kept.
        #expect(try await pipeline.generate(request).images == resident.images)
        #expect(try await LatentDiffusionPipeline(model, memory: .staged).generate(request).images == resident.images)
    }

    @Test func limitsDecideOnWhatIsKept() throws {
        let model = try LatentDiffusionModel(ModelSource(Small.folder))
        let bytes = MemoryPolicy.residentBytes(of: model, pixels: 64 * 64)
        #expect(MemoryPolicy.limit(bytes).keepsNetworks(of: model, pixels: 64 * 64))
        #expect(!MemoryPolicy.limit(bytes - 1).keepsNetworks(of: model, pixels: 64 * 64))
        #expect(!MemoryPolicy.limit(bytes).keepsNetworks(of: model, pixels: 64 * 64 + 1))
        #expect(
            !MemoryPolicy.staged.keepsNetworks(of: model, pixels: 1)
                && MemoryPolicy.resident.keepsNetworks(of: model, pixels: 1 << 40))
    }

    /// Channels of a config, times the pixels of the largest batch, are beyond `Int`.
    @Test func estimatesOfAnySizeAreRefused() throws {
        let temporary = try TemporaryFolder()
        let folder = temporary.url.appending(path: "model")
        try FileManager.default.copyItem(at: Small.folder, to: folder)
        let config = folder.appending(path: "unet/config.json")
        let text = try String(contentsOf: config, encoding: .utf8)
        try text.replacing(/"block_out_channels": \[\s*4,\s*6/, with: #""block_out_channels": [16777216, 16777216"#)
            .write(to: config, atomically: true, encoding: .utf8)
        let model = try LatentDiffusionModel(ModelSource(folder))
        #expect(model.unet.architecture.config.blockOutChannels == [1 << 24, 1 << 24])
        var request = GenerationRequest(prompts: ["a"], width: 8192, height: 8192, imagesPerPrompt: 100_000, batchSize: 100_000)
        request.scheduler = .named("ddim")
        let pipeline = LatentDiffusionPipeline(model)
        #expect(throws: GenerationError.self) { try pipeline.checkMemory(for: ResolvedRequest(request, model)) }
    }

    @Test func keptNetworksAreNotLoadedAgain() async throws {
        let pipeline = try Small.pipeline(.resident)
        #expect(try await pipeline.generate(Small.request()).timings["unet"]?.compiling ?? .zero > .zero)
        let again = try await pipeline.generate(Small.request())
        #expect(again.timings.networks.allSatisfy { $0.compiling == .zero && !$0.runs.isEmpty })
    }

    /// Where there is no room for two predictions in one run, they are made one after the other.
    @Test(arguments: ["sd15/two-images", "sdxl/negative"]) func predictionsTogetherAndApartAgree(_ name: String) async throws {
        let run = try GoldenRun.named(name)
        let model = try run.loadModel()
        let request = try run.request(model)
        let together = try await LatentDiffusionPipeline(model).generate(request)
        let pixels = try #require(run.width) * #require(run.height)
        for bytes in [1, MemoryPolicy.residentBytes(of: model, pixels: pixels)] {
            let memory = MemoryPolicy.limit(bytes)
            #expect(memory.keepsNetworks(of: model, pixels: pixels) == (bytes > 1))
            let pipeline = LatentDiffusionPipeline(model, memory: memory)
            for _ in 0..<(bytes > 1 ? 2 : 1) {
                let apart = try await pipeline.generate(request)
                #expect(apart.timings["unet"]?.runs.count == together.timings["unet"].map { 2 * $0.runs.count })
                for (found, reference) in zip(apart.pictures, together.pictures) {
                    try expectClose(found.latents, reference.latents, tolerance: 1e-5, "\(bytes) bytes")
                }
            }
        }
    }

    /// Conditions of one request must not be left for the next.
    @Test(arguments: ["sd15/euler", "sdxl/default"]) func keptNetworksTakeOtherPrompts(_ name: String) async throws {
        let run = try GoldenRun.named(name)
        let model = try run.loadModel()
        let request = try run.request(model)
        var other = request
        (other.prompts, other.negativePrompt) = (["a blue fish on a hill"], "a dog")
        other.sizeConditioning.cropTop = 16
        let pipeline = LatentDiffusionPipeline(model)
        let first = try await pipeline.denoise(request)[0]
        let second = try await pipeline.denoise(other)[0]
        #expect(!second.isEqual(to: first))
        #expect(try await pipeline.denoise(request)[0].isEqual(to: first))
        #expect(try await LatentDiffusionPipeline(model).denoise(other)[0].isEqual(to: second))
    }
}

/// The least memory of a request.
@Suite struct LeastMemoryTests {
    private let pipeline: LatentDiffusionPipeline

    init() throws {
        pipeline = try LatentDiffusionPipeline(LatentDiffusionModel(ModelSource(Small.folder)), memory: .limit(50 << 20))
    }

    private func resolved(_ width: Int, _ height: Int) throws -> ResolvedRequest {
        try ResolvedRequest(GenerationRequest(prompts: ["a cat"], width: width, height: height), pipeline.model)
    }

    @Test func lessThanOneNetworkTakesIsRefused() throws {
        let error = #expect(throws: GenerationError.self) { try pipeline.checkMemory(for: resolved(64, 64)) }
        #expect(error?.description.contains("the limit is 50M") == true)
        let needed = MemoryPolicy.leastBytes(of: pipeline.model, try resolved(64, 64), .f32)
        try LatentDiffusionPipeline(pipeline.model, memory: .limit(needed)).checkMemory(for: resolved(64, 64))
        #expect(throws: GenerationError.self) {
            try LatentDiffusionPipeline(pipeline.model, memory: .limit(needed - 1)).checkMemory(for: resolved(64, 64))
        }
    }

    /// The autoencoder's activations grow with the pixels, and halve with the precision.
    @Test func activationsCount() throws {
        func bytes(_ side: Int, _ precision: CompileOptions.Precision) throws -> Int {
            MemoryPolicy.leastBytes(of: pipeline.model, try resolved(side, side), precision)
        }
        let (small, large) = (try bytes(1024, .f32), try bytes(2048, .f32))
        let channels = pipeline.model.autoencoder.widestChannels
        #expect(large - small == 3 * 1024 * 1024 * channels * 10)
        #expect(try bytes(2048, .bf16) - bytes(1024, .bf16) == (large - small) / 2)
    }
}
