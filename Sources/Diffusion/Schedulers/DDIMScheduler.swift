import TensorStore

/// The options of diffusers' `DDIMScheduler`, with its defaults.
public struct DDIMSchedulerConfig: SchedulerClassConfig {
    public static let className = "DDIMScheduler"
    public var base = BaseSchedulerConfig()
    /// ᾱ after the last step: 1, or that of the first training step.
    public var setAlphaToOne = true

    public init() { base.clipSample = true }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try DDIMScheduler(config: self, request)
    }
}

extension DDIMSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.spacing, .clipping, .thresholding, .zeroSNR])
        setAlphaToOne = try reader.flag("set_alpha_to_one", default: setAlphaToOne)
    }
}

/// Denoising diffusion implicit models (Song et al. 2021, formulas 12 and 16), with noise scaled by `eta`.
///
/// Reference: diffusers' `scheduling_ddim.py`.
public struct DDIMScheduler: LatentScheduler {
    public let timesteps: [Float]
    private let config: DDIMSchedulerConfig
    private let eta: Float
    private let indices: [Int]
    /// Training steps between two timesteps.
    private let stride: Int
    private let schedule: NoiseSchedule
    private let finalAlpha: Float

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: DDIMSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        try config.base.validate()
        let trained = config.numTrainTimesteps
        let count = try request.count(trained: trained, className: DDIMSchedulerConfig.className)
        let all = try config.timestepSpacing.indices(count: count, trained: trained, offset: config.stepsOffset)
        indices = Array(all.dropFirst(try request.skippedSteps(of: count)))
        timesteps = indices.map { Float($0) }
        stride = trained / count
        eta = try request.checkedEta()
        schedule = config.base.noiseSchedule
        finalAlpha = config.setAlphaToOne ? 1 : schedule.alphasCumprod[0]
        self.config = config
    }

    /// True at every step, including the last, if `eta` is above 0.
    public func needsNoise(at index: Int) -> Bool { eta > 0 }

    func noiseWeights(at index: Int) -> (signal: Float, noise: Float) {
        NoiseSchedule.weights(schedule.alphasCumprod[indices[index]])
    }

    func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let alpha = schedule.alphasCumprod[indices[index]]
        let previousAlpha = schedule.alpha(at: indices[index] - stride, orFinal: finalAlpha)
        let weights = NoiseSchedule.weights(alpha)
        let epsilon = config.predictionType.epsilon(output: input.output, sample: input.sample, weights)
        let original = config.base.clipped(
            config.predictionType.original(output: input.output, sample: input.sample, weights), batch: input.batch)
        let variance = (1 - previousAlpha) / (1 - alpha) * (1 - alpha / previousAlpha)
        let deviation = eta * variance.squareRoot()
        let direction = (1 - previousAlpha - deviation * deviation).squareRoot()
        let previous = LatentArithmetic.sum(previousAlpha.squareRoot(), original, direction, epsilon)
        guard needsNoise(at: index) else { return (previous, original) }
        return (LatentArithmetic.sum(1, previous, deviation, input.noise), original)
    }
}
