import Architectures
public import Inference
public import ModelGraph
public import ModelLoading
public import TensorStore

/// Runs a model's networks on calibration prompts to record their activations: every prompt at every timestep of a schedule of
/// few steps.
public struct CalibrationRun: Sendable {
    public var prompts: [String]
    public var numInferenceSteps: Int
    public var guidanceScale: Double
    /// The width of pictures in pixels; nil for the model's own.
    public var width: Int?
    public var height: Int?
    /// The seed of the first prompt; prompt i has the seed `firstSeed` + i.
    public var firstSeed: UInt64
    /// The scheduler that replaces the model's own; nil for the model's.
    public var scheduler: SchedulerSource?

    public init(
        prompts: [String], numInferenceSteps: Int = 4, guidanceScale: Double = 8, width: Int? = nil, height: Int? = nil,
        firstSeed: UInt64 = 0
    ) {
        self.prompts = prompts
        self.numInferenceSteps = numInferenceSteps
        self.guidanceScale = guidanceScale
        self.width = width
        self.height = height
        self.firstSeed = firstSeed
    }

    /// A run with the prompts, size, steps, guidance scale, scheduler and seed of a request; its defaults are the model's.
    /// - Throws: as `ResolvedRequest.init`.
    public init(_ request: GenerationRequest, _ model: LatentDiffusionModel) throws {
        let resolved = try ResolvedRequest(request, model)
        self.init(
            prompts: request.prompts, numInferenceSteps: resolved.numInferenceSteps, guidanceScale: resolved.guidanceScale,
            width: request.width, height: request.height, firstSeed: request.seed)
        scheduler = request.scheduler
    }

    /// The request for all prompts.
    public var request: GenerationRequest {
        var request = GenerationRequest(
            prompts: prompts, width: width, height: height, numInferenceSteps: numInferenceSteps, guidanceScale: guidanceScale,
            seed: firstSeed)
        request.scheduler = scheduler
        return request
    }

    /// Denoises every prompt.
    /// - Parameters:
    ///   - unet: the UNet with added outputs; it replaces the model's own.
    ///   - record: called with the added outputs after each evaluation.
    ///   - report: called with the pipeline's events.
    /// - Returns: the latents of each prompt, `[1, C, h, w]`.
    @discardableResult
    public func denoise(
        _ model: LatentDiffusionModel, unet: Graph, compile options: CompileOptions,
        record: ([String: Tensor]) throws -> Void = { _ in }, report: (GenerationEvent) -> Void = { _ in }
    ) async throws -> [Tensor] {
        var model = model
        model.unet.origin = .graph(unet)
        let memory: MemoryPolicy = prompts.count == 1 ? .staged : .resident
        let pipeline = LatentDiffusionPipeline(model, compile: options, memory: memory)
        return try await pipeline.denoise(request) { event in
            if case .outputs("unet", let outputs) = event { try record(outputs) } else { report(event) }
        }
    }

    /// Decodes latents.
    /// - Parameters:
    ///   - decoder: the decoder with added outputs; it replaces the model's own.
    ///   - latents: `[1, C, h, w]` each, all of one size.
    ///   - record: called with the added outputs after each picture.
    ///   - progress: called with the number of finished pictures.
    public func decode(
        _ model: LatentDiffusionModel, decoder: Graph, _ latents: [Tensor], compile options: CompileOptions,
        record: ([String: Tensor]) throws -> Void,
        progress: (Int) -> Void = { _ in }
    ) async throws {
        guard let shape = latents.first?.shape else { return }
        var model = model
        model.vaeDecoder.origin = .graph(decoder)
        let size = OutputSize(latentHeight: shape[2], latentWidth: shape[3], factor: model.autoencoder.spatialFactor)
        let network = try LatentDecoder(model.vaeDecoder, size, options)
        for (index, one) in latents.enumerated() {
            try Task.checkCancellation()
            let outputs = try await network.run(one)
            if outputs.count > 1 { try record(outputs.filter { $0.key != "sample" }) }
            // Refuses infinite and NaN values.
            _ = try network.image(in: outputs)
            progress(index + 1)
        }
    }
}

extension CalibrationRun {
    /// The latents to calibrate a decoder with: the given latents, and the same latents times 1.5.
    ///
    /// A few prompts do not reach the strongest colours and contrasts that a model can draw. An activation beyond the calibrated
    /// range is clipped, which costs tens of decibels; a range that is somewhat too wide costs one or two.
    public static func decoderLatents(_ latents: [Tensor]) throws -> [Tensor] {
        try latents.flatMap { one in
            [one, try Tensor(one.elements(as: Float.self).map { 1.5 * $0 }, shape: one.shape)]
        }
    }
}
