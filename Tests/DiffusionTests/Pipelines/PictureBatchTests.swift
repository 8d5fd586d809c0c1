@testable import Diffusion
import Imaging
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Several pictures of a request: each is what it would be alone.
@Suite struct PictureBatchTests {
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

    /// Two predictions a step, texts and sizes for each picture, masks and latents of what is kept.
    @Test(arguments: ["sdxl/two-prompts-two-images", "inpainting/two-images", "sd15/inpaint-two-images"])
    func guidedBatchesDrawTheSame(_ name: String) async throws {
        let run = try GoldenRun.named(name)
        let model = try run.loadModel()
        var request = try run.request(model)
        let single = try await LatentDiffusionPipeline(model).generate(request)
        request.batchSize = 4
        let batched = try await LatentDiffusionPipeline(model).generate(request)
        #expect(batched.pictures.count == run.seeds.count)
        for (found, reference) in zip(batched.pictures, single.pictures) {
            try expectClose(found.latents, reference.latents, tolerance: 1e-4, "picture \(found.index)")
        }
    }

    @Test func picturesOfACountCanBeDrawnAlone() async throws {
        let pipeline = try Small.pipeline()
        for noise in [GenerationRequest.Noise.torch, .numpy] {
            let request = Small.request(images: 3, seed: 7, noise: noise)
            let together = try await pipeline.generate(request).pictures
            #expect(together.map(\.seed) == [7, 8, 9])
            for picture in together {
                let seed = try #require(picture.seed)
                let alone = try await pipeline.generate(Small.request(seed: seed, noise: noise))
                #expect(alone.images == [picture.image])
                #expect(alone.pictures[0].latents.isEqual(to: picture.latents))
            }
            #expect(Set(together.map(\.image)).count == 3)
        }
        // After the last seed comes the first.
        let result = try await pipeline.generate(Small.request(images: 2, seed: .max))
        #expect(result.pictures.map(\.seed) == [.max, 0])
    }

    /// Also where parts are filled in, unlike diffusers: there the first picture's generator draws what the others lack.
    @Test(arguments: ["sd15/image-two-images", "sd15/inpaint-two-images", "inpainting/two-images"])
    func picturesFromAPictureCanBeDrawnAlone(_ name: String) async throws {
        let run = try GoldenRun.named(name)
        let model = try run.loadModel()
        var request = try run.request(model)
        let pipeline = LatentDiffusionPipeline(model)
        let together = try await pipeline.denoise(request)
        request.imagesPerPrompt = 1
        for (seed, latents) in zip(run.seeds, together) {
            request.seed = seed
            #expect(try await pipeline.denoise(request)[0].isEqual(to: latents))
        }
    }
}
