@testable import Diffusion
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
