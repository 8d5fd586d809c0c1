import TensorStore

/// The options of diffusers' `LCMScheduler`, with its defaults.
public struct LCMSchedulerConfig: SchedulerClassConfig {
    public static let className = "LCMScheduler"
    /// `timestepSpacing` and `stepsOffset` are without effect, as in diffusers: LCM's timesteps are a part of the schedule it
    /// was distilled on.
    public var base = BaseSchedulerConfig()
    /// Steps of the schedule that the model was distilled on.
    public var originalInferenceSteps = 50
    /// ᾱ after the last step: 1, or that of the first training step. Without effect: LCM's last step adds no noise.
    public var setAlphaToOne = true
    /// How fast the boundary condition's weights change over the timesteps.
    public var timestepScaling = 10.0

    public init() {
        base.betaStart = 0.00085
        base.betaEnd = 0.012
        base.betaSchedule = .scaledLinear
    }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try LCMScheduler(config: self, request)
    }
}

extension LCMSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.clipping, .thresholding, .zeroSNR])
        originalInferenceSteps = try reader.integer("original_inference_steps", default: originalInferenceSteps)
        setAlphaToOne = try reader.flag("set_alpha_to_one", default: setAlphaToOne)
        timestepScaling = try reader.number("timestep_scaling", default: timestepScaling)
    }
}
