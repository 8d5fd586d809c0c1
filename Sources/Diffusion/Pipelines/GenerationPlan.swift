import Architectures
import Foundation
import Imaging
import ModelLoading
import TensorStore

/// A request with everything worked out that needs no network: sizes, schedule, tokens, noise, batches.
struct GenerationPlan {
    let resolved: ResolvedRequest
    let plan: any Scheduler
    let guidance: Guidance
    /// The UNet of each step.
    let precisions: [UNetPrecision]
    let tokens: PromptTokens
    /// What networks take whose LoRAs are applied at run time.
    let loraScales: Denoiser.Values
    let groups: [Group]
    /// The picture to begin with, at the size that is drawn; nil to begin with noise.
    let initial: PreparedImage?
    private(set) var warnings: [String] = []
    private let latents: Shape
    /// Whether the autoencoder gives a distribution, of which each picture's latents are drawn.
    private let drawsForImages: Bool
    /// One for each picture.
    private var noise: [any NoiseSource]

    /// Batches of one size, for which one network is compiled.
    struct Group {
        let batchSize: Int
        /// Numbers of pictures.
        let batches: [Range<Int>]
    }

    /// - Throws: as `ResolvedRequest.init`; `SchedulerError`, `NoiseError`.
    init(_ request: GenerationRequest, _ model: LatentDiffusionModel, _ log: TimingLog) throws {
        let resolved = try ResolvedRequest(request, model)
        let request = resolved.request
        self.resolved = resolved
        loraScales = try model.loraScales(request.loraScales)
        let size = resolved.size
        latents = [1, model.autoencoder.latentChannels, size.latentHeight, size.latentWidth]
        let guidance = Guidance(
            scale: resolved.guidanceScale, rescale: request.guidanceRescale,
            embeddingDimension: model.unet.architecture.config.timeCondProjDim)
        self.guidance = guidance
        let rule = model.scheduler.strengthRule(isInpainting: request.mask != nil)
        let plan = try log.measure(\.scheduler) { try resolved.scheduler.scheduler(resolved.schedule(rule)) }
        self.plan = plan
        precisions = try request.precision.resolved(plan.timesteps.count)
        for precision in Set(precisions) { _ = try model.unet(precision) }
        initial = try resolved.initial.map { try PreparedImage($0, size, model) }
        warnings = plan.warnings + size.warnings(model)
        if !guidance.comparesPredictions, let negative = request.negativePrompt, !negative.isEmpty {
            warnings.append(
                model.takesGuidanceEmbedding
                    ? "The negative prompt has no effect: this model makes one prediction a step."
                    : "The negative prompt has no effect at a guidance scale of 1 or less.")
        }

        var cuts: [String] = []
        let negative = guidance.comparesPredictions ? request.negativePrompt ?? "" : nil
        tokens = log.measure(\.tokenizing) { PromptTokens(request, model, negative: negative) { text in cuts.append(text) } }
        warnings += cuts
        groups = Group.all(request)

        // Latents of the picture first; in diffusers the masked picture comes last.
        drawsForImages = try initial != nil && model.encoder().architecture.encoderOutput == .distribution
        let draws: [NoiseDraw] =
            (drawsForImages && initial?.startsFromImage == true ? [.image] : []) + [.each]
            + (drawsForImages && initial?.mask != nil ? [.image] : [])
            + plan.timesteps.indices.filter { plan.needsNoise(at: $0) }.map { _ in .each }
        noise = try log.measure(\.noise) { [latents] in try resolved.noiseSources(latents, draws) }
    }

    /// With all defaults filled in.
    var request: GenerationRequest { resolved.request }
    var size: OutputSize { resolved.size }

    /// The sizes that a UNet is compiled for.
    func size(batch: Int) -> Denoiser.Size {
        Denoiser.Size(batch: batch, height: size.latentHeight, width: size.latentWidth, tokens: tokens.count)
    }

    /// Of all pictures that go through the UNet together.
    /// - Parameter together: whether two predictions are made in one run.
    func pixelsAtOnce(together: Bool) -> Int {
        size.pixels * min(request.batchSize, request.pictureCount) * (together ? 2 : 1)
    }

    func prompt(ofPicture index: Int) -> String { request.prompts[index / request.imagesPerPrompt] }

    // MARK: Noise

    /// What a batch's loop over the steps begins with, and is held to.
    struct Start {
        /// `[batch, C, h, w]`, as all others.
        var sample: Tensor
        /// The noise that it began with, the picture's latents, what is drawn anew `[1, 1, h, w]`, and what the UNet is shown of
        /// the rest: where parts are filled in.
        var inpainting: (noise: Tensor, image: Tensor?, mask: Tensor, masked: Tensor?)?

        /// What the UNet is shown: an inpainting one sees what is kept beside the sample.
        func shown(_ sample: Tensor) throws -> Tensor {
            guard let inpainting, let masked = inpainting.masked else { return sample }
            return try .joined(planesOf: [sample, inpainting.mask.repeated(sample.shape[0]), masked])
        }

        /// The sample with what is kept of the picture put back, as noisy as the next step expects it.
        /// - Parameter next: position of that step.
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

    /// - Parameter encoded: the request's picture; nil where there is none.
    mutating func start(_ batch: Range<Int>, _ encoded: EncodedImage?) throws -> Start {
        func sampled(_ distribution: LatentDistribution) throws -> Tensor {
            guard distribution.deviation != nil else { return distribution.mean.repeated(batch.count) }
            var rows: [Tensor] = []
            for index in batch { rows.append(try distribution.sample(noise[index].normal(latents))) }
            return .stacked(rows)
        }
        let image = try encoded?.image.map(sampled)
        let drawn = try stepNoise(batch)
        let sigma = plan.initNoiseSigma
        var start = Start(sample: drawn)
        if let image, initial?.beginsWithNoise != true {
            start.sample = try plan.addNoise(drawn, to: image, at: 0)
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

    /// The next draw of each picture of a batch, `[batch, C, h, w]`.
    mutating func stepNoise(_ batch: Range<Int>) throws(NoiseError) -> Tensor {
        var draws: [Tensor] = []
        for index in batch { draws.append(try noise[index].normal(latents)) }
        return .stacked(draws)
    }
}

extension GenerationPlan.Group {
    /// Batches as large as asked for, and one of the rest.
    fileprivate static func all(_ request: GenerationRequest) -> [GenerationPlan.Group] {
        let full = request.pictureCount / request.batchSize
        let whole = (0..<full).map { $0 * request.batchSize..<($0 + 1) * request.batchSize }
        let rest = full * request.batchSize..<request.pictureCount
        return [.init(batchSize: request.batchSize, batches: whole), .init(batchSize: rest.count, batches: [rest])]
            .filter { $0.batchSize > 0 && !$0.batches.isEmpty }
    }
}
