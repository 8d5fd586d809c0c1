@testable import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Pictures against diffusers': `Tests/Goldens/pipeline/make.py`.
@Suite struct LatentConsistencyModelPipelineTests {
    static let runs: [GoldenRun] = (try? GoldenRun.load("emoji-lcm") + GoldenRun.load("autoencoder-kl")) ?? []

    @Test func thereAreGoldens() { #expect(Self.runs.count >= 14) }

    @Test(arguments: runs) func picturesMatchDiffusers(_ run: GoldenRun) async throws {
        // Requests have seeds that follow each other.
        #expect(run.generator == "one" || run.seeds == run.seeds.indices.map { run.seeds[0] + UInt64($0) })
        let golden = try run.values()
        let drawn = try await draw(run.request, with: LatentConsistencyModelPipeline(contentsOf: run.model))
        #expect(
            drawn.steps.filter { $0.pictures.lowerBound == 0 }.map { Int64($0.timestep) } == (try golden["timesteps"].elements()))

        let images = try golden.images()
        #expect(drawn.result.pictures.map(\.index) == Array(images.indices))
        for (picture, reference) in zip(drawn.result.pictures, images) {
            #expect(psnr(picture.image, reference) >= 55, "picture \(picture.index)")
            #expect(largestDifference(picture.image, reference) <= 4, "picture \(picture.index)")
        }
        // Each step of each picture, as close as the networks alone are held to; 3e-5 is seen.
        for step in drawn.steps {
            let (latents, denoised) = (try golden["latents.\(step.index + 1)"], try golden["denoised.\(step.index + 1)"])
            try expectClose(step.latents, latents.rows(step.pictures), tolerance: 1e-4, "latents after step \(step.index)")
            try expectClose(step.denoised, denoised.rows(step.pictures), tolerance: 1e-4, "denoised at step \(step.index)")
        }
        let finished = Tensor.stacked(drawn.result.pictures.map(\.latents))
        try expectClose(finished, golden["denoised.\(run.numInferenceSteps)"], tolerance: 1e-4, "finished latents")
    }

    @Test(arguments: runs) func firstLatentsAreDiffusers(_ run: GoldenRun) throws {
        let model = try LatentDiffusionModel(ModelFolder(run.model))
        var job = try GenerationJob(run.request, model, defaultSize: 64, TimingLog())
        let found = try job.initialLatents(0..<run.request.pictureCount)
        #expect(found.shape == (try run.values()["latents.0"].shape))
        #expect(try found.elements(as: Float.self) == run.values()["latents.0"].elements())
    }

    @Test(arguments: runs) func textsMatchTransformers(_ run: GoldenRun) async throws {
        let golden = try run.values()
        let model = try LatentDiffusionModel(ModelFolder(run.model))
        let stage = TextEncodingStage(model: model)
        let ids = try stage.tokenize(run.prompts) { _ in }
        #expect(try Tensor.stacked(ids).elements(as: Int64.self) == golden["input_ids"].elements())
        let log = TimingLog()
        let states = try await stage.encode(ids, with: stage.makeRunner(NetworkCompiler(CompileOptions()), log), log)
        let perPicture = states.flatMap { Array(repeating: $0, count: run.numImagesPerPrompt) }
        try expectClose(.stacked(perPicture), golden["prompt_embeds"], tolerance: 1e-4, "prompt_embeds")
    }

    /// Looser than the rest: angles are up to 1000 · w, so that the rounding of both shows; 8e-4 is seen.
    @Test(arguments: runs) func guidanceEmbeddingMatchesDiffusers(_ run: GoldenRun) throws {
        let golden = try run.values()["timestep_cond"]
        let scales = Array(repeating: Float(run.guidanceScale - 1), count: golden.shape[0])
        try expectClose(guidanceScaleEmbedding(scales, dimension: golden.shape[1]), golden, tolerance: 1e-3, "timestep_cond")
    }

    // MARK: The same picture on every way

    @Test(arguments: [("emoji-lcm", "default"), ("autoencoder-kl", "two-images")])
    func memoryPoliciesDrawTheSame(_ folder: String, _ name: String) async throws {
        let run = try #require(Self.runs.first { $0.folder == folder && $0.name == name })
        let model = try LatentDiffusionModel(ModelFolder(run.model))
        let pipeline = LatentConsistencyModelPipeline(model, memory: .resident)
        let resident = try await pipeline.generate(run.request)
        // Once more, by the networks that were kept.
        #expect(try await pipeline.generate(run.request).images == resident.images)
        #expect(
            try await LatentConsistencyModelPipeline(model, memory: .limit(1)).generate(run.request).images == resident.images)
    }

    @Test func limitsDecideOnWhatIsKept() throws {
        let model = try LatentDiffusionModel(ModelFolder(Small.folder))
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

    /// Kernels differ by the batch, and so does rounding.
    @Test func batchesDrawTheSame() async throws {
        var request = Small.request(prompts: ["a green apple", "a red heart"], images: 2)
        let pipeline = try Small.pipeline()
        let single = try await draw(request, with: pipeline)
        for batchSize in [2, 3, 5] {
            request.batchSize = batchSize
            let batched = try await draw(request, with: pipeline)
            #expect(batched.result.pictures.map(\.index) == [0, 1, 2, 3])
            #expect(batched.result.pictures.map(\.prompt) == ["a green apple", "a green apple", "a red heart", "a red heart"])
            for (found, reference) in zip(batched.result.pictures, single.result.pictures) {
                #expect(found.seed == reference.seed)
                try expectClose(found.latents, reference.latents, tolerance: 1e-4, "\(batchSize): picture \(found.index)")
                #expect(largestDifference(found.image, reference.image) <= 1, "\(batchSize): picture \(found.index)")
            }
            let expected = stride(from: 0, to: 4, by: batchSize).map { $0..<min($0 + batchSize, 4) }
            #expect(Set(batched.steps.map(\.pictures)) == Set(expected))
        }
    }

    @Test func picturesOfACountCanBeDrawnAlone() async throws {
        let pipeline = try Small.pipeline()
        for generator in GenerationRequest.Generator.allCases {
            let request = Small.request(images: 3, noise: .seedPerPicture(first: 7, generator))
            let together = try await pipeline.generate(request).pictures
            #expect(together.map(\.seed) == [7, 8, 9])
            for picture in together {
                let seed = try #require(picture.seed)
                let alone = try await pipeline.generate(Small.request(noise: .seedPerPicture(first: seed, generator)))
                #expect(alone.images == [picture.image])
                #expect(alone.pictures[0].latents.isEqual(to: picture.latents))
            }
            #expect(Set(together.map(\.image)).count == 3)
        }
        // After the last seed comes the first.
        let result = try await pipeline.generate(Small.request(images: 2, noise: .seedPerPicture(first: .max, .torch)))
        #expect(result.pictures.map(\.seed) == [.max, 0])
    }

    // MARK: Reports

    @Test func previewsShowWhatIsForeseen() async throws {
        let pipeline = try Small.pipeline()
        var request = Small.request(images: 2, steps: 4)
        let plain = try await pipeline.generate(request)
        request.previewInterval = 1
        let drawn = try await draw(request, with: pipeline)
        #expect(drawn.result.images == plain.images)
        // After the last step the picture itself follows.
        #expect(drawn.steps.map(\.previews.count) == [1, 1, 1, 0, 1, 1, 1, 0])
        #expect(drawn.steps.flatMap(\.previews).allSatisfy { $0.width == 64 && $0.height == 64 })
        #expect(Set(drawn.steps.flatMap(\.previews)).count == 6)

        request.previewInterval = 2
        request.batchSize = 2
        #expect(try await draw(request, with: pipeline).steps.map(\.previews.count) == [0, 2, 0, 0])
        request.previewInterval = nil
        #expect(try await draw(request, with: pipeline).steps.allSatisfy(\.previews.isEmpty))

        // One step decodes what a preview of the same latents shows.
        let first = try #require(drawn.steps.first)
        let decoder = try Decoder(pipeline.model, height: 8, width: 8, NetworkCompiler(CompileOptions()), TimingLog())
        #expect(try await decoder.decode(first.denoised, TimingLog()) == first.previews[0])
    }

    @Test(arguments: [MemoryPolicy.resident, .staged]) func eventsComeInOrder(_ memory: MemoryPolicy) async throws {
        var names: [String] = []
        _ = try await Small.pipeline(memory).generate(Small.request(images: 2)) { event in
            switch event {
            case .stage(let stage): names.append("\(stage)")
            case .warning(let text): names.append(text)
            case .outputs(let network, _): names.append(network)
            case .step(let step): names.append("\(step.pictures) \(step.index)/\(step.count)")
            case .picture(let picture): names.append("picture \(picture.index)")
            }
        }
        let begin = ["encodingText", "loadingDenoiser", "denoising"]
        let finish = (0..<2).map { ["decoding", "picture \($0)"] }
        let steps = (0..<2).map { ["\($0..<$0 + 1) 0/2", "\($0..<$0 + 1) 1/2"] }
        #expect(
            names == begin
                + (memory == .staged
                    ? steps[0] + steps[1] + ["loadingDecoder"] + finish[0] + finish[1]
                    : steps[0] + ["loadingDecoder"] + finish[0] + steps[1] + finish[1]))
    }

    @Test func timingsAreFilledIn() async throws {
        let timings = try await Small.pipeline().generate(Small.request(images: 2, steps: 3)).timings
        let names = ["text encoder", "unet", "unet, prompt", "unet, time", "vae decoder"]
        #expect(Set(timings.networks.map(\.name)) == Set(names))
        // One prompt, three timesteps, two pictures.
        #expect(names.map { timings[$0]?.runs.count } == [1, 6, 1, 3, 2])
        for network in timings.networks {
            #expect(network.graph >= .zero && network.reading > .zero && network.compiling > .zero, "\(network.name)")
            #expect(network.runs.allSatisfy { $0 > .zero })
        }
        for part in [timings.tokenizing, timings.noise, timings.scheduler, timings.conversion] { #expect(part > .zero) }
        #expect(timings.outsideNetworks > .zero && timings.outsideNetworks < timings.total)
        #expect(timings["no network"] == nil)
    }

    @Test(arguments: [(MemoryPolicy.resident, [nil, 0, 2]), (.staged, [1])])
    func cancellingStopsBetweenStepsAndSpoilsNothing(_ memory: MemoryPolicy, _ steps: [Int?]) async throws {
        let pipeline = try Small.pipeline(memory)
        let other = Small.request(prompts: ["a purple robot on a yellow background"], steps: 4)
        let expected = try await pipeline.generate(other).pictures[0].latents
        for last in steps {
            let cancelled = await drawCancelled(Small.request(steps: 50), with: pipeline, after: last)
            #expect(cancelled.error is CancellationError)
            #expect(cancelled.steps == (last.map { Array(0...$0) } ?? []))
            #expect(cancelled.delay < .seconds(1))
            // Nothing of the prompt before may be left in networks that were kept.
            #expect(try await pipeline.generate(other).pictures[0].latents.isEqual(to: expected))
        }
        let first = try await pipeline.generate(Small.request(steps: 4)).pictures[0].latents
        #expect(!first.isEqual(to: expected), "the prompt has to show")
    }
}
