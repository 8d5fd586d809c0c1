import Foundation
import Imaging
import Inference
import TensorStore

/// One run of a request through a model's networks: prompts to pictures.
///
/// `run` does all the work; the stages are in `GenerationRun+Stages.swift`. Networks come from `LoadedNetworks`, and
/// `LatentDiffusionPipeline` ensures that only one run at a time uses them.
final class GenerationRun {
    let model: LatentDiffusionModel
    let networks: LoadedNetworks
    /// Whether networks stay in memory after their stage.
    let keepsNetworks: Bool
    /// Whether guidance makes its two predictions in one run of the UNet, where memory allows.
    let predictsTogether: Bool
    private(set) var plan: GenerationPlan
    var timings: GenerationTimings
    /// Finished pictures, in order.
    private(set) var pictures: [GeneratedPicture] = []
    /// Finished latents `[1, C, h, w]` that are not yet decoded, and the indices of their pictures.
    private(set) var undecoded: [(index: Int, latents: Tensor)] = []
    private let start = ContinuousClock.now

    /// - Throws: as `GenerationPlan.init`.
    init(_ request: GenerationRequest, _ model: LatentDiffusionModel, _ networks: LoadedNetworks, _ memory: MemoryPolicy) throws {
        self.model = model
        self.networks = networks
        plan = try GenerationPlan(request, model)
        timings = plan.timings
        predictsTogether =
            plan.guidance.comparesPredictions && memory.allows(model, pixels: plan.pixelsAtOnce(together: true))
        keepsNetworks = memory.keepsNetworks(of: model, pixels: plan.pixelsAtOnce(together: predictsTogether))
    }

    /// Denoises all pictures, and decodes them where `decodes` is set.
    ///
    /// Shapes: b pictures of a batch, C channels, h × w latents; H × W pixels.
    /// - Throws: `OpenVINOError`; `CancellationError`; the errors of `report`.
    func run(decodes: Bool, _ report: (GenerationEvent) throws -> Void) async throws {
        try report(.accepted(plan.resolved))
        for warning in plan.warnings { try report(.warning(warning)) }

        // Encode: prompts to [1, tokens, channels]; a picture to begin with, [1, 3, H, W], to latents [1, C, h, w].
        try report(.stage(.encodingText))
        let texts = try await encodeTexts()
        let image = try await encodeImage(report)

        for group in plan.groups {
            // Condition: keys and values of the prompts, and the embedding of each timestep.
            try report(.stage(.loadingDenoiser))
            let unets = try await conditionedUNets(group, texts)
            for adaptation in networks.takeAdaptations() { try report(.adapted(adaptation)) }
            try report(.stage(.denoising))
            for (number, batch) in group.batches.enumerated() {
                for unet in unets.values { try unet.begin(batch: number) }
                var scheduler = plan.scheduler
                let start = try timings.measure(\.noise) { try plan.start(batch, image) }
                var sample = start.sample // [b, C, h, w]
                var denoised = sample

                for (index, timestep) in scheduler.timesteps.enumerated() {
                    try Task.checkCancellation()
                    let unet = unet(unets, step: index)

                    // Predict: the noise in the sample, once, or under the negative prompt and the prompt.
                    let input = try timings.measure(\.scheduler) {
                        try start.shown(scheduler.scaleModelInput(sample, at: index)) // [b, C or 2C + 1, h, w]
                    }
                    let predictions = try await predict(input, unet, batch: number, step: index, report) // each [b, C, h, w]

                    // Guide: both predictions to one; and step: the sample to less noise.
                    let noise = try timings.measure(\.noise) { try plan.stepNoise(batch, at: index) } // [b, C, h, w]
                    try timings.measure(\.scheduler) {
                        let output = try plan.guidance.combined(predictions) // [b, C, h, w]
                        let step = try scheduler.step(index, output: output, sample: sample, noise: noise)
                        denoised = step.denoised
                        sample = try start.keeping(step.previous, scheduler, next: index + 1)
                    }
                    let progress = Progress(batch: batch, index: index, timestep: timestep, latents: sample, denoised: denoised)
                    try await self.report(progress, report)
                }
                let latents = scheduler.finishesWithDenoised && start.inpainting == nil ? denoised : sample // [b, C, h, w]
                for (row, index) in batch.enumerated() { undecoded.append((index, latents.rows(row..<row + 1))) }
                if decodes, keepsNetworks { try await decodeAll(report) }
            }
            releaseNetworks()
        }
        // Decode: latents [1, C, h, w] to pictures [1, 3, H, W].
        if decodes { try await decodeAll(report) }
        finishTimings()
    }

    /// Releases all networks, unless they stay in memory.
    func releaseNetworks() {
        if !keepsNetworks { networks.release() }
    }

    /// Decodes all latents not yet decoded.
    private func decodeAll(_ report: (GenerationEvent) throws -> Void) async throws {
        while let (index, latents) = undecoded.first {
            pictures.append(try await picture(index, latents, report))
            undecoded.removeFirst()
        }
    }

    private func finishTimings() {
        timings.total = ContinuousClock.now - start
        timings.add(networks.takeTimings())
    }
}
