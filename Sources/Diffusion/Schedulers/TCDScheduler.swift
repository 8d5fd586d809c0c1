import TensorStore

/// The options of diffusers' `TCDScheduler`, with its defaults.
public struct TCDSchedulerConfig: SchedulerClassConfig {
    public static let className = "TCDScheduler"
    /// `timestepSpacing`, `stepsOffset` and clipping have no effect, as in diffusers.
    public var base = BaseSchedulerConfig()
    /// Steps of the schedule that the model was distilled on.
    public var originalInferenceSteps = 50

    public init() {
        base.betaStart = 0.00085
        base.betaEnd = 0.012
        base.betaSchedule = .scaledLinear
    }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try TCDScheduler(config: self, request)
    }
}

extension TCDSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.spacing, .clipping, .thresholding, .zeroSNR])
        originalInferenceSteps = try reader.integer("original_inference_steps", default: originalInferenceSteps)
    }
}

/// Trajectory consistency distillation (Zheng et al. 2024): each step predicts the sample at a cleaner timestep s and, if `eta`
/// (the paper's γ) is above 0, adds noise up to the next timestep.
///
/// The default `eta` is 0, as in diffusers' pipelines; the default of diffusers' `step` is 0.3.
/// Reference: diffusers' `scheduling_tcd.py`.
public struct TCDScheduler: LatentScheduler {
    public let timesteps: [Float]
    public let warnings: [String]
    private let config: TCDSchedulerConfig
    private let eta: Float
    /// The steps after those that the strength skips.
    private let steps: [Step]
    private let lastPosition: Int

    private struct Step: Sendable {
        /// √ᾱ and √(1 - ᾱ) at this timestep and at s.
        let current, intermediate: (signal: Float, noise: Float)
        /// The factors of signal and noise for the way from the intermediate time s to the next timestep.
        let onward: (signal: Float, noise: Float)
    }

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: TCDSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        try config.base.validate()
        let trained = config.numTrainTimesteps
        let originalSteps = request.originalInferenceSteps ?? config.originalInferenceSteps
        // A number in the request may use all training steps; only the count is bounded.
        let isOpen = request.originalInferenceSteps != nil
        let plan = try LCMTimesteps(request, trained: trained, originalSteps: originalSteps) { strength in
            isOpen
                ? Array(0..<Int(Double(trained) * strength))
                : LCMTimesteps.distilled(originalSteps, trained: trained, strength: strength)
        }
        let eta = try request.checkedEta()
        let alphasCumprod = config.base.noiseSchedule.alphasCumprod
        steps = plan.indices.indices.dropFirst(plan.skipped).map { index in
            let next = index + 1 < plan.indices.count ? plan.indices[index + 1] : 0
            let s = Int(((1 - eta) * Float(next)).rounded(.down))
            let ratio = alphasCumprod[next] / alphasCumprod[s]
            return Step(
                current: NoiseSchedule.weights(alphasCumprod[plan.indices[index]]),
                intermediate: NoiseSchedule.weights(alphasCumprod[s]), onward: NoiseSchedule.weights(ratio))
        }
        timesteps = plan.indices.dropFirst(plan.skipped).map { Float($0) }
        lastPosition = plan.lastPosition - plan.skipped
        warnings = plan.warnings
        self.eta = eta
        self.config = config
    }

    public func needsNoise(at index: Int) -> Bool { eta > 0 && index != lastPosition }

    func noiseWeights(at index: Int) -> (signal: Float, noise: Float) { steps[index].current }

    func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let step = steps[index]
        let original = config.predictionType.original(output: input.output, sample: input.sample, step.current)
        let epsilon = config.predictionType.epsilon(output: input.output, sample: input.sample, step.current)
        let predicted = LatentArithmetic.sum(step.intermediate.signal, original, step.intermediate.noise, epsilon)
        guard needsNoise(at: index) else { return (predicted, original) }
        return (LatentArithmetic.sum(step.onward.signal, predicted, step.onward.noise, input.noise), original)
    }
}
