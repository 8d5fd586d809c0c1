import Architectures
import ModelLoading
import TensorStore

/// A request with everything worked out that needs no network: sizes, schedule, tokens, noise, batches.
struct GenerationJob {
    let request: GenerationRequest
    let plan: any Scheduler
    /// The UNet of each step.
    let precisions: [UNetPrecision]
    /// Token ids of each prompt, `[1, tokens]`.
    let tokens: [Tensor]
    /// Of the latents.
    let height: Int
    let width: Int
    let pixels: Int
    let groups: [Group]
    private(set) var warnings: [String] = []
    private let channels: Int
    private let guidanceDimension: Int
    /// One for each picture.
    private var noise: [any NoiseSource]

    /// Batches of one size, for which one network is compiled.
    struct Group {
        let batchSize: Int
        /// Numbers of pictures.
        let batches: [Range<Int>]
    }

    /// What a batch's steps take besides the sample.
    struct Condition {
        let prompt: Denoiser.Values
        /// One for each step.
        let times: [Denoiser.Values]
    }

    /// - Throws: `GenerationError`, `SchedulerError`, `NoiseError` for what is wrong with the request.
    init(_ request: GenerationRequest, _ model: LatentDiffusionModel, defaultSize: Int, _ log: TimingLog) throws {
        try request.check()
        self.request = request
        let factor = model.autoencoder.spatialFactor
        width = try Self.latentSize("width", request.width ?? defaultSize, factor)
        height = try Self.latentSize("height", request.height ?? defaultSize, factor)
        pixels = width * height * factor * factor * min(request.batchSize, request.pictureCount)
        channels = model.autoencoder.latentChannels
        guidanceDimension = model.unet.architecture.config.timeCondProjDim ?? 0
        plan = try log.measure(\.scheduler) { try model.schedulerConfig.scheduler(request.schedule) }
        precisions = try request.precision.resolved(plan.timesteps.count)
        for precision in Set(precisions) { _ = try model.unet(precision) }
        warnings = plan.warnings

        var cuts: [String] = []
        tokens = try log.measure(\.tokenizing) {
            try TextEncodingStage(model: model).tokenize(request.prompts) { cuts.append($0) }
        }
        warnings += cuts

        let full = request.pictureCount / request.batchSize
        let whole = (0..<full).map { $0 * request.batchSize..<($0 + 1) * request.batchSize }
        let rest = full * request.batchSize..<request.pictureCount
        groups = [Group(batchSize: request.batchSize, batches: whole), Group(batchSize: rest.count, batches: [rest])]
            .filter { $0.batchSize > 0 && !$0.batches.isEmpty }

        let plan = plan
        let draws = 1 + plan.timesteps.indices.count { plan.needsNoise(at: $0) }
        let shape: Shape = [1, channels, height, width]
        noise = try log.measure(\.noise) { try request.noiseSources(shape, draws: draws) }
    }

    private static func latentSize(_ side: String, _ value: Int, _ factor: Int) throws(GenerationError) -> Int {
        guard value > 0, value % factor == 0, value <= GenerationError.longestSide else {
            throw .size(side, value: value, multiple: factor)
        }
        return value / factor
    }

    func size(batch: Int) -> Denoiser.Size {
        Denoiser.Size(batch: batch, height: height, width: width, tokens: tokens[0].shape[1])
    }

    func prompt(ofPicture index: Int) -> String { request.prompts[index / request.imagesPerPrompt] }

    // MARK: Noise

    /// Where a batch starts, `[batch, C, h, w]`.
    mutating func initialLatents(_ batch: Range<Int>) throws -> Tensor {
        let sigma = plan.initNoiseSigma
        let drawn = try stepNoise(batch)
        return sigma == 1 ? drawn : try Tensor(drawn.elements(as: Float.self).map { $0 * sigma }, shape: drawn.shape)
    }

    /// The next draw of each picture of a batch, `[batch, C, h, w]`.
    mutating func stepNoise(_ batch: Range<Int>) throws(NoiseError) -> Tensor {
        var draws: [Tensor] = []
        for index in batch { draws.append(try noise[index].normal([1, channels, height, width])) }
        return .stacked(draws)
    }

    // MARK: Conditions

    /// What the steps of each batch take besides the sample; computed once for batches of the same prompts.
    /// - Parameter states: of each prompt, `[1, tokens, channels]`.
    func conditions(
        _ group: Group, _ states: [Tensor], _ denoiser: Denoiser, _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> [Condition] {
        // diffusers gives the embedding the scale less 1.
        let scales = Array(repeating: Float(request.guidanceScale - 1), count: group.batchSize)
        let guidance = try guidanceScaleEmbedding(scales, dimension: guidanceDimension)
        var byPrompts: [[Int]: Condition] = [:]
        var times: [Denoiser.Values] = []
        var result: [Condition] = []
        for batch in group.batches {
            let prompts = batch.map { $0 / request.imagesPerPrompt }
            if let known = byPrompts[prompts] {
                result.append(known)
                continue
            }
            let prompt = try await denoiser.condition(states: .stacked(prompts.map { states[$0] }), guidance: guidance, log)
            if times.isEmpty {
                for timestep in plan.timesteps {
                    times.append(try await denoiser.embedding(of: timestep, condition: prompt, log))
                }
            }
            let condition = Condition(prompt: prompt, times: times)
            byPrompts[prompts] = condition
            result.append(condition)
        }
        denoiser.releaseConditioning()
        return result
    }
}

extension GenerationRequest {
    /// What can be told without the model; `generate` checks it too.
    public func check() throws(GenerationError) {
        guard !prompts.isEmpty else { throw .noPrompts }
        if let index = prompts.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) { throw .emptyPrompt(index: index) }
        guard imagesPerPrompt >= 1, imagesPerPrompt <= Self.mostPictures / prompts.count else {
            throw .option(
                "The number of pictures", value: "\(imagesPerPrompt)", expected: "from 1 to \(Self.mostPictures) in all")
        }
        guard batchSize >= 1 else { throw .option("The batch size", value: "\(batchSize)", expected: "1 or more") }
        guard abs(guidanceScale) <= Self.largestGuidanceScale else {
            throw .option(
                "The guidance scale", value: "\(guidanceScale)", expected: "a number up to \(Self.largestGuidanceScale)")
        }
        if let previewInterval, previewInterval < 1 {
            throw .option("The preview interval", value: "\(previewInterval)", expected: "1 or more steps")
        }
    }

    /// Far more than anyone waits for; every picture has a generator, and a place in memory.
    private static let mostPictures = 100_000
    /// Beyond, sines of the embedding's angles have nothing left of the scale in single precision.
    private static let largestGuidanceScale = 1e6

    /// Whether what is foreseen shall be shown after step `index`; the last step's is the picture itself.
    func wantsPreview(after index: Int, of count: Int) -> Bool {
        previewInterval.map { (index + 1) % $0 == 0 && index + 1 < count } ?? false
    }
}
