import Architectures
public import Foundation
import Imaging
public import Inference
public import ModelLoading
public import TensorStore

/// Pictures from texts, and from other pictures: latent diffusion models (Rombach et al. 2022), by as many steps as they need and
/// one or two predictions a step.
///
/// Its counterparts are diffusers' `StableDiffusionPipeline`, `StableDiffusionXLPipeline` and `LatentConsistencyModelPipeline`,
/// with those that begin with a picture or fill in parts of one: the same seed gives the same picture, to rounding. What differs
/// on purpose: where parts are filled in, each picture draws all of its noise from its own generator (diffusers draws what the
/// picture to begin with takes from the first one's), and without a size the picture's own is drawn, not the model's.
///
/// Not `Sendable`: one request at a time.
public final class LatentDiffusionPipeline {
    public let model: LatentDiffusionModel
    public let memory: MemoryPolicy
    private let networks: LoadedNetworks
    private var isBusy = false

    public init(
        _ model: LatentDiffusionModel, compile options: CompileOptions = CompileOptions(), memory: MemoryPolicy = .resident
    ) {
        self.model = model
        self.memory = memory
        networks = LoadedNetworks(model, options)
    }

    /// Reads the model in the folder or file at `url`; weights are mapped, and read when a network is compiled.
    /// - Throws: as `LatentDiffusionModel.init`.
    public convenience init(
        contentsOf url: URL, compile options: CompileOptions = CompileOptions(), memory: MemoryPolicy = .resident
    ) throws {
        self.init(try LatentDiffusionModel(ModelSource(url)), compile: options, memory: memory)
    }

    /// Width and height of pictures where a request gives none: the size that the UNet was trained on.
    public var defaultSize: Int { model.defaultSize }

    /// Draws all pictures of a request.
    ///
    /// Cancelling the task ends it within one node of a network.
    /// - Parameter report: called as the work goes on, on the caller's isolation.
    /// - Throws: `GenerationError`, `SchedulerError`, `NoiseError` before any network is loaded; `OpenVINOError`;
    ///   `CancellationError`; what `report` throws.
    public func generate(
        _ request: GenerationRequest,
        report: (GenerationEvent) throws -> Void = { _ in }
    ) async throws -> GenerationResult {
        try await alone(request) { job, log in
            var pictures: [GeneratedPicture] = []
            var waiting: [(index: Int, latents: Tensor)] = []
            let keeps = keepsNetworks(job)
            try await denoiseAll(&job, log, report) { job, index, latents in
                if keeps {
                    pictures.append(try await finish(index, latents, job, log, report))
                } else {
                    waiting.append((index, latents))
                }
            }
            for (index, latents) in waiting { pictures.append(try await finish(index, latents, job, log, report)) }
            return GenerationResult(pictures: pictures, timings: log.finish(networks.takeTimings()), warnings: job.warnings)
        }
    }

    /// The latents of all pictures of a request, `[1, C, h, w]` each, as the decoder would get them.
    ///
    /// For what is done with the denoiser alone, as calibration; otherwise as `generate`.
    public func denoise(
        _ request: GenerationRequest,
        report: (GenerationEvent) throws -> Void = { _ in }
    ) async throws -> [Tensor] {
        try await alone(request) { job, log in
            var latents: [Tensor] = []
            try await denoiseAll(&job, log, report) { _, _, one in latents.append(one) }
            return latents
        }
    }

    /// Works on one request; an actor that waits for it may begin another, which would set its inputs in the same networks.
    private func alone<Result>(
        _ request: GenerationRequest,
        _ body: (inout GenerationPlan, TimingLog) async throws -> Result
    ) async throws -> Result {
        guard !isBusy else { throw GenerationError.busy }
        isBusy = true
        defer { isBusy = false }
        let log = TimingLog()
        _ = (networks.takeTimings(), networks.takeAdaptations()) // of a request that failed
        var job = try GenerationPlan(request, model, log)
        let keeps = keepsNetworks(job)
        // Also after an error: a UNet whose networks for prompts are gone must not be found by the next request.
        if !keeps { networks.release() }
        defer { if !keeps { networks.release() } }
        return try await body(&job, log)
    }

    private func keepsNetworks(_ job: GenerationPlan) -> Bool {
        memory.keepsNetworks(of: model, pixels: job.pixelsAtOnce(together: predictsTogether(job)))
    }

    /// Whether the two predictions of guidance are made in one run: unless memory is too short for it.
    private func predictsTogether(_ job: GenerationPlan) -> Bool {
        job.guidance.comparesPredictions && memory.allows(model, pixels: job.pixelsAtOnce(together: true))
    }

    /// Texts to states to latents, batch by batch.
    /// - Parameter finished: given each picture's number and latents.
    private func denoiseAll(
        _ job: inout GenerationPlan, _ log: TimingLog, _ report: (GenerationEvent) throws -> Void,
        finished: (GenerationPlan, Int, Tensor) async throws -> Void
    ) async throws {
        try report(.accepted(job.resolved))
        for warning in job.warnings { try report(.warning(warning)) }
        let keeps = keepsNetworks(job)
        try report(.stage(.encodingText))
        let texts = try await encodeTexts(job)
        if !keeps { networks.release() }
        let image = try await encodeImage(job, report)
        if !keeps { networks.release() }
        for group in job.groups {
            try report(.stage(.loadingDenoiser))
            let unets = try await unets(group, &job, texts, keeps: keeps)
            for adaptation in networks.takeAdaptations() { try report(.adapted(adaptation)) }
            try report(.stage(.denoising))
            for (number, batch) in group.batches.enumerated() {
                let latents = try await denoise(batch, number, &job, image, unets, log, report) // [batch, C, h, w]
                for (row, index) in batch.enumerated() { try await finished(job, index, latents.rows(row..<row + 1)) }
            }
            if !keeps { networks.release() }
        }
    }

    /// The texts of a request, encoded.
    typealias Texts = (prompts: [TextCondition], negative: TextCondition?)

    func encodeTexts(_ job: GenerationPlan) async throws -> Texts {
        let stage = networks.textEncoder
        var prompts: [TextCondition] = []
        for chunks in job.tokens.prompts {
            prompts.append(try await stage.encode(chunks, skip: job.request.clipSkip, scales: job.loraScales))
        }
        guard let negative = job.tokens.negative else { return (prompts, nil) }
        if job.request.negativePrompt == nil, model.takesZerosForEmptyPrompt { return (prompts, try prompts[0].zeros) }
        // The layer that the model was trained with, as diffusers has it, whatever is skipped for the prompt.
        return (prompts, try await stage.encode(negative, skip: nil, scales: job.loraScales))
    }

    func encodeImage(
        _ job: GenerationPlan, _ report: (GenerationEvent) throws -> Void
    ) async throws -> EncodedImage? {
        guard let initial = job.initial else { return nil }
        try Task.checkCancellation()
        try report(.stage(.encodingImage))
        return try await initial.encoded(networks.encoder(job.size), job.size)
    }

    /// A UNet that a request uses, with the conditions of each batch.
    private typealias ConditionedUNet = (network: Denoiser, conditions: [GuidedCondition])

    /// The UNets that the steps of a group of batches visit.
    private func unets(
        _ group: GenerationPlan.Group, _ job: inout GenerationPlan, _ texts: Texts, keeps: Bool
    ) async throws -> [UNetPrecision: ConditionedUNet] {
        var unets: [UNetPrecision: ConditionedUNet] = [:]
        let used = Set(job.precisions)
        let together = predictsTogether(job)
        let size = job.size(batch: group.batchSize * (together ? 2 : 1))
        // The one in floating point first: its keys and values of the prompt serve the other too.
        for precision in [UNetPrecision.float, .quantized] where used.contains(precision) {
            let donor = unets[.float]
            let network = try networks.denoiser(precision, size, keeps: keeps, donor: donor?.network, kinds: used.count)
            if network.isDonated, let donor {
                unets[precision] = (network, donor.conditions)
            } else {
                let conditions = try await job.conditions(
                    group, texts.prompts, negative: texts.negative, together: together, network)
                unets[precision] = (network, conditions)
            }
        }
        return unets
    }

    /// The loop over the steps of one batch: noise to finished latents, `[batch, C, h, w]`.
    /// - Parameter number: of the batch in its group.
    private func denoise(
        _ batch: Range<Int>, _ number: Int, _ job: inout GenerationPlan, _ image: EncodedImage?,
        _ unets: [UNetPrecision: ConditionedUNet], _ log: TimingLog, _ report: (GenerationEvent) throws -> Void
    ) async throws -> Tensor {
        for unet in unets.values { try unet.network.begin(unet.conditions[number][0].prompt) }
        var scheduler = job.plan
        let start = try log.measure(\.noise) { try job.start(batch, image) }
        var sample = start.sample
        var denoised = sample
        let count = scheduler.timesteps.count
        for (index, timestep) in scheduler.timesteps.enumerated() {
            try Task.checkCancellation()
            guard let unet = unets[job.precisions[index]] else { preconditionFailure("a UNet of the schedule was not loaded") }
            let input = try log.measure(\.scheduler) {
                try start.shown(scheduler.scaleModelInput(sample, at: index))
            }
            let output = try await predict(input, index, unet.conditions[number], unet.network, job.guidance, log, report)
            let noise = try log.measure(\.noise) { scheduler.needsNoise(at: index) ? try job.stepNoise(batch) : nil }
            try log.measure(\.scheduler) {
                let step = try scheduler.step(index, output: output, sample: sample, noise: noise)
                denoised = step.denoised
                sample = try start.keeping(step.previous, scheduler, next: index + 1)
            }
            let previews = job.request.wantsPreview(after: index, of: count) ? try await previews(denoised, job, log, report) : []
            try report(
                .step(
                    .init(
                        pictures: batch, index: index, count: count, timestep: timestep, latents: sample, denoised: denoised,
                        previews: previews)))
        }
        return scheduler.finishesWithDenoised && start.inpainting == nil ? denoised : sample
    }

    /// The prediction that a step takes, `[batch, C, h, w]`.
    private func predict(
        _ input: Tensor, _ index: Int, _ conditions: GuidedCondition, _ network: Denoiser, _ guidance: Guidance,
        _ log: TimingLog, _ report: (GenerationEvent) throws -> Void
    ) async throws -> Tensor {
        let batch = input.shape[0]
        let together = guidance.comparesPredictions && conditions.count == 1
        let sample = together ? Tensor.stacked([input, input]) : input
        var predictions: [Tensor] = []
        for condition in conditions {
            if conditions.count > 1 { try network.begin(condition.prompt) }
            let outputs = try await network.predict(sample, embedding: condition.times[index])
            if outputs.count > 1 { try report(.outputs(network: "unet", outputs.filter { $0.key != "out_sample" })) }
            predictions.append(try outputs.required("out_sample", of: "unet"))
        }
        guard guidance.comparesPredictions else { return predictions[0] }
        if together { predictions = [predictions[0].rows(0..<batch), predictions[0].rows(batch..<2 * batch)] }
        return try log.measure(\.scheduler) { try guidance.combined(negative: predictions[0], positive: predictions[1]) }
    }

    private func previews(
        _ denoised: Tensor, _ job: GenerationPlan, _ log: TimingLog, _ report: (GenerationEvent) throws -> Void
    ) async throws -> [RGBImage] {
        let decoder = try networks.previewDecoder(job.size) { try report(.stage(.loadingDecoder)) }
        var previews: [RGBImage] = []
        for row in 0..<denoised.shape[0] {
            let outputs = try await decoder.run(denoised.rows(row..<row + 1))
            previews.append(try log.measure(\.conversion) { try decoder.image(in: outputs) })
        }
        return previews
    }

    private func finish(
        _ index: Int, _ latents: Tensor, _ job: GenerationPlan, _ log: TimingLog, _ report: (GenerationEvent) throws -> Void
    ) async throws -> GeneratedPicture {
        try Task.checkCancellation()
        let decoder = try networks.decoder(job.size) { try report(.stage(.loadingDecoder)) }
        try report(.stage(.decoding))
        let outputs = try await decoder.run(latents)
        if outputs.count > 1 { try report(.outputs(network: decoder.name, outputs.filter { $0.key != "sample" })) }
        var image = try log.measure(\.conversion) { try decoder.image(in: outputs) }
        let safety = try await verdict(image, job, log, report)
        if safety?.isFlagged == true { image = try image.blurredForSafety() }
        let picture = GeneratedPicture(
            index: index, prompt: job.prompt(ofPicture: index), seed: job.request.seed(ofPicture: index), image: image,
            safety: safety, latents: latents)
        try report(.picture(picture))
        return picture
    }

    private func verdict(
        _ image: RGBImage, _ job: GenerationPlan, _ log: TimingLog, _ report: (GenerationEvent) throws -> Void
    ) async throws -> SafetyVerdict? {
        guard job.request.checksSafety else { return nil }
        try report(.stage(.checkingSafety))
        let checker = try networks.safetyChecker()
        let picture = try log.measure(\.conversion) { try checker.prepared(image) }
        return try await checker.check(picture)
    }
}
