@testable import Diffusion
import Imaging
import ModelLoading
import TensorStore
import TestSupport
import Testing
import Tokenizers

/// Pictures against diffusers': `Tests/Goldens/Diffusion/pipeline/make.py`.
@Suite(.serialized) struct LatentDiffusionPipelineTests {
    static let folders = ["emoji-lcm", "autoencoder-kl", "lcm-image-to-image", "sd15", "sd21", "inpainting", "sdxl", "ssd"]
    static let runs = folders.flatMap { (try? GoldenRun.load($0)) ?? [] }

    @Test func thereAreGoldens() { #expect(Self.runs.count >= 101) }

    /// Loaded once each: tests of a serialized suite run one after the other. No run may leave anything for the next.
    private nonisolated(unsafe) static var pipelines: [String: LatentDiffusionPipeline] = [:]

    private func pipeline(_ run: GoldenRun) throws -> LatentDiffusionPipeline {
        if let known = Self.pipelines[run.modelDescription] { return known }
        let pipeline = LatentDiffusionPipeline(try run.loadModel())
        Self.pipelines[run.modelDescription] = pipeline
        return pipeline
    }

    @Test(arguments: runs) func runsMatchDiffusers(_ run: GoldenRun) async throws {
        let pipeline = try pipeline(run)
        let golden = try run.values()
        let parts = try run.parts(pipeline.model)
        for part in parts {
            // A prompt of several with negative prompts of their own: what is recorded of texts is in another order.
            if parts.count == 1 { try await expectConditions(of: run, part.request, golden, pipeline) }
            try await expectStart(of: run, part, golden, pipeline)
            try await expectPictures(of: run, part, golden, pipeline)
        }
    }

    /// Which of a part's pictures are to match. Where parts of pictures are filled in, diffusers lets the generator of the first
    /// draw what becomes of the picture to begin with, for all; here each picture has its own, and can be drawn again alone.
    private func matched(_ run: GoldenRun, _ part: GoldenRun.Part) -> Range<Int> {
        run.task == .inpaint && run.generator == "each" ? part.pictures.prefix(1) : part.pictures
    }

    /// What the UNet is told beside the sample.
    private func expectConditions(
        of run: GoldenRun, _ request: GenerationRequest, _ golden: GoldenValues, _ pipeline: LatentDiffusionPipeline
    ) async throws {
        let run = try pipeline.run(request)
        let plan = run.plan
        if let ids = try golden.ifRecorded("input_ids") {
            let found = plan.tokens.prompts.flatMap { $0.values[0][0].ids }.joined().map { Int64($0) }
            #expect(try Array(found) == ids.elements())
        }
        let texts = try await run.encodeTexts()
        let positives = texts.prompts.flatMap { Array(repeating: $0.values[0], count: request.imagesPerPrompt) }
        let negatives = texts.negative.map { Array(repeating: $0.values[0], count: positives.count) } ?? []
        let inputs = try plan.inputs(negatives: negatives, positives: positives)
        for (name, theirs, tolerance) in [
            ("encoder_hidden_states", "prompt_embeds", 1e-4), ("text_embeds", "text_embeds", 1e-4), ("time_ids", "time_ids", 0),
            // Angles are up to 1000 · w, so that the rounding of both shows; 8e-4 is seen.
            ("timestep_cond", "timestep_cond", 1e-3),
        ] as [(String, String, Float)] {
            guard let expected = try golden.ifRecorded(theirs) else { continue }
            try expectClose(#require(inputs[name]), expected, tolerance: tolerance, name)
        }
    }

    /// The first sample, and what it is made of.
    private func expectStart(
        of run: GoldenRun, _ part: GoldenRun.Part, _ golden: GoldenValues, _ pipeline: LatentDiffusionPipeline
    ) async throws {
        let drawing = try pipeline.run(part.request)
        let encoded = try await drawing.encodeImage { _ in }
        var plan = drawing.plan
        let matched = matched(run, part)
        let start = try plan.start(0..<part.pictures.count, encoded)
        func expect(_ found: Tensor?, _ name: String, tolerance: Float) throws {
            guard let expected = try golden.ifRecorded(name) else { return }
            try expectClose(#require(found).rows(0..<matched.count), expected.rows(matched), tolerance: tolerance, name)
        }
        // Noise has every bit of torch's; the factor that schedulers begin with may be off by one.
        try expect(start.sample, "latents.0", tolerance: encoded == nil ? 1e-6 : 1e-5)
        guard let inpainting = start.inpainting else { return }
        try expect(inpainting.noise, "noise", tolerance: 0)
        try expect(inpainting.image, "image_latents", tolerance: 1e-5)
        try expect(inpainting.mask.repeated(part.pictures.count), "mask", tolerance: 0)
        if inpainting.masked != nil { try expect(inpainting.masked, "masked_image_latents", tolerance: 1e-5) }
    }

    private func expectPictures(
        of run: GoldenRun, _ part: GoldenRun.Part, _ golden: GoldenValues, _ pipeline: LatentDiffusionPipeline
    ) async throws {
        let drawn = try await draw(part.request, with: pipeline)
        let matched = matched(run, part)
        let timesteps = try golden["timesteps"]
        let expected =
            timesteps.elementType == .f32 ? try timesteps.elements() : try timesteps.elements(as: Int64.self).map { Float($0) }
        #expect(drawn.steps.filter { $0.pictures.lowerBound == 0 }.map(\.timestep) == expected)

        // Latent consistency models of few steps are held to more.
        let isLCM = ["emoji-lcm", "autoencoder-kl"].contains(run.folder)
        let images = try golden.images()
        #expect(drawn.result.pictures.map(\.index) == Array(0..<part.pictures.count))
        for (picture, number) in zip(drawn.result.pictures, matched) {
            #expect(psnr(picture.image, images[number]) >= (isLCM ? 55 : 40), "picture \(number)")
            if isLCM { #expect(largestDifference(picture.image, images[number]) <= 4, "picture \(number)") }
        }
        for step in drawn.steps {
            let rows = part.pictures.lowerBound + step.pictures.lowerBound..<part.pictures.lowerBound + step.pictures.upperBound
            guard matched.contains(rows.lowerBound) else { continue }
            for (found, name) in [(step.latents, "latents.\(step.index + 1)"), (step.denoised, "denoised.\(step.index + 1)")] {
                guard let expected = try golden.ifRecorded(name) else { continue }
                try expectClose(found, expected.rows(rows), tolerance: isLCM ? 1e-4 : 2e-4, name)
            }
        }
        let last = try golden.ifRecorded("denoised.\(expected.count)") ?? golden["latents.\(expected.count)"]
        for (picture, number) in zip(drawn.result.pictures, matched) {
            try expectClose(picture.latents, last.rows(number..<number + 1), tolerance: isLCM ? 1e-4 : 2e-4, "finished latents")
        }
    }
}
