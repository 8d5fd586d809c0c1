import Adapters
import Architectures
import Foundation
import Imaging
import ModelLoading
import TensorStore

/// The part of a request that needs no network: sizes, schedule, tokens, noise, batches.
struct GenerationPlan {
    let resolved: ResolvedRequest
    /// The scheduler at its first step.
    let scheduler: any Scheduler
    let guidance: Guidance
    /// The UNet of each step.
    let precisions: [UNetPrecision]
    let tokens: PromptTokens
    /// Inputs for the scales of LoRAs that are applied at run time.
    let loraScales: (unet: Denoiser.Values, text: Denoiser.Values)
    let groups: [Group]
    /// The initial image at the size of the output; nil to begin with noise.
    let initial: PreparedImage?
    private(set) var warnings: [String] = []
    /// Durations of making the scheduler.
    private(set) var timings = GenerationTimings()
    private let latents: Shape
    /// Whether the autoencoder gives a distribution, from which each picture's latents are drawn.
    private let drawsForImages: Bool
    /// The noise source of each picture.
    private var noise: [any NoiseSource]

    /// Batches of one size, for which one network is compiled.
    struct Group {
        let batchSize: Int
        /// Indices of the pictures of each batch.
        let batches: [Range<Int>]
    }

    /// - Throws: as `ResolvedRequest.init`; `SchedulerError`, `NoiseError`.
    init(_ request: GenerationRequest, _ model: LatentDiffusionModel) throws {
        var timings = GenerationTimings()
        let resolved = try ResolvedRequest(request, model)
        let request = resolved.request
        self.resolved = resolved
        loraScales = try (
            model.loraScales(request.loraScales, for: .unet), model.loraScales(request.loraScales, for: .textEncoder)
        )
        let size = resolved.size
        latents = [1, model.autoencoder.latentChannels, size.latentHeight, size.latentWidth]
        let guidance = Guidance(
            scale: resolved.guidanceScale, rescale: request.guidanceRescale,
            embeddingDimension: model.unet.architecture.config.timeCondProjDim)
        self.guidance = guidance
        let rule = model.scheduler.strengthRule(isInpainting: request.mask != nil)
        let scheduler = try timings.measure(\.scheduler) { try resolved.scheduler.scheduler(resolved.schedule(rule)) }
        self.scheduler = scheduler
        precisions = try request.precision.resolved(scheduler.timesteps.count)
        for precision in Set(precisions) { _ = try model.unet(precision) }
        initial = try resolved.initial.map { try PreparedImage($0, size, model) }
        warnings = scheduler.warnings + size.warnings(model)
        if !guidance.comparesPredictions, let negative = request.negativePrompt, !negative.isEmpty {
            warnings.append(
                model.takesGuidanceEmbedding
                    ? "The negative prompt has no effect: this model makes one prediction a step."
                    : "The negative prompt has no effect at a guidance scale of 1 or less.")
        }

        let negative = guidance.comparesPredictions ? request.negativePrompt ?? "" : nil
        let calls = NetworkCalls(
            count: scheduler.timesteps.count, total: max(1, resolved.numInferenceSteps) * scheduler.callsPerStep)
        tokens = timings.measure(\.tokenizing) { PromptTokens(request, model, negative: negative, calls: calls) }
        warnings += tokens.warnings
        groups = Group.all(request)

        // Latents of the picture first; in diffusers the masked picture comes last.
        drawsForImages = try initial != nil && model.encoder().architecture.encoderOutput == .distribution
        let draws: [NoiseDraw] =
            (drawsForImages && initial?.startsFromImage == true ? [.image] : []) + [.each]
            + (drawsForImages && initial?.mask != nil ? [.image] : [])
            + scheduler.timesteps.indices.filter { scheduler.needsNoise(at: $0) }.map { _ in .each }
        noise = try timings.measure(\.noise) { [latents] in try resolved.noiseSources(latents, draws) }
        self.timings = timings
    }

    /// The request with all defaults filled in.
    var request: GenerationRequest { resolved.request }
    var size: OutputSize { resolved.size }

    /// The sizes that a UNet is compiled for.
    func size(batch: Int) -> Denoiser.Size {
        Denoiser.Size(batch: batch, height: size.latentHeight, width: size.latentWidth, tokens: tokens.count)
    }

    /// Pixels of all pictures that go through the UNet together.
    /// - Parameter together: whether two predictions are made in one run.
    func pixelsAtOnce(together: Bool) -> Int {
        size.pixels * min(request.batchSize, request.pictureCount) * (together ? 2 : 1)
    }

    func prompt(ofPicture index: Int) -> String { request.prompts[index / request.imagesPerPrompt] }

    // MARK: Noise

    /// The first sample of a batch, and the parts of an image that its steps keep.
    struct Start {
        /// `[batch, C, h, w]`, as the other samples.
        var sample: Tensor
        /// For inpainting: the initial noise, the image's latents, the mask of redrawn latents `[1, 1, h, w]`, and the UNet's
        /// input for the kept part of the image.
        var inpainting: (noise: Tensor, image: Tensor?, mask: Tensor, masked: Tensor?)?

        /// The UNet's input for a sample: an inpainting UNet also takes the mask and the kept part of the image.
        func shown(_ sample: Tensor) throws -> Tensor {
            guard let inpainting, let masked = inpainting.masked else { return sample }
            return try .joined(planesOf: [sample, inpainting.mask.repeated(sample.shape[0]), masked])
        }

        /// The sample with the kept part of the image put back, at the noise level of the next step.
        /// - Parameter next: the position of the next step.
        func keeping(_ sample: Tensor, _ scheduler: any Scheduler, next: Int) throws -> Tensor {
            guard let inpainting, inpainting.masked == nil, let image = inpainting.image else { return sample }
            let kept =
                next < scheduler.timesteps.count ? try scheduler.addNoise(inpainting.noise, to: image, at: next) : image
            let mask = try inpainting.mask.elements(as: Float.self)
            var values = try sample.elements(as: Float.self)
            let old = try kept.elements(as: Float.self)
            for index in values.indices {
                let weight = mask[index % mask.count]
                values[index] = (1 - weight) * old[index] + weight * values[index]
            }
            return try Tensor(values, shape: sample.shape)
        }
    }

    /// - Parameter encoded: the request's encoded initial image; nil where there is none.
    mutating func start(_ batch: Range<Int>, _ encoded: EncodedImage?) throws -> Start {
        func sampled(_ distribution: LatentDistribution) throws -> Tensor {
            guard distribution.deviation != nil else { return distribution.mean.repeated(batch.count) }
            var rows: [Tensor] = []
            for index in batch { rows.append(try distribution.sample(noise[index].normal(latents))) }
            return .stacked(rows)
        }
        let image = try encoded?.image.map(sampled)
        let drawn = try stepNoise(batch)
        let sigma = scheduler.initNoiseSigma
        var start = Start(sample: drawn)
        if let image, initial?.beginsWithNoise != true {
            start.sample = try scheduler.addNoise(drawn, to: image, at: 0)
        } else if sigma != 1 {
            start.sample = try Tensor(drawn.elements(as: Float.self).map { $0 * sigma }, shape: drawn.shape)
        }
        guard let inpainting = encoded?.inpainting else { return start }
        let masked = try inpainting.masked.map(sampled)
        // diffusers encodes the masked picture also for a UNet that is not shown it.
        if masked == nil, drawsForImages { _ = try stepNoise(batch) }
        start.inpainting = (drawn, image, inpainting.mask, masked)
        return start
    }

    /// The noise that a step adds, `[batch, C, h, w]`; nil where it adds none.
    mutating func stepNoise(_ batch: Range<Int>, at index: Int) throws(NoiseError) -> Tensor? {
        scheduler.needsNoise(at: index) ? try stepNoise(batch) : nil
    }

    /// The next draw of each picture of a batch, `[batch, C, h, w]`.
    private mutating func stepNoise(_ batch: Range<Int>) throws(NoiseError) -> Tensor {
        var draws: [Tensor] = []
        for index in batch { draws.append(try noise[index].normal(latents)) }
        return .stacked(draws)
    }
}

extension GenerationPlan.Group {
    /// Batches of the requested size, and one for the remainder.
    fileprivate static func all(_ request: GenerationRequest) -> [GenerationPlan.Group] {
        let full = request.pictureCount / request.batchSize
        let whole = (0..<full).map { $0 * request.batchSize..<($0 + 1) * request.batchSize }
        let rest = full * request.batchSize..<request.pictureCount
        return [.init(batchSize: request.batchSize, batches: whole), .init(batchSize: rest.count, batches: [rest])]
            .filter { $0.batchSize > 0 && !$0.batches.isEmpty }
    }
}
