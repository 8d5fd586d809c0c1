/// The options of diffusers' `KDPM2AncestralDiscreteScheduler`, with its defaults.
public struct KDPM2AncestralDiscreteSchedulerConfig: SigmaSpacedConfig {
    public static let className = "KDPM2AncestralDiscreteScheduler"
    /// Parameters shared by all schedulers. A `prediction_type` of `sample` is refused, as diffusers' class does.
    public var base = BaseSchedulerConfig.secondOrder
    public var sigmas = SigmaOptions()

    public init() {}

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try KDPM2AncestralDiscreteScheduler(config: self, request)
    }
}

extension KDPM2AncestralDiscreteSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, .spacing)
        sigmas = try SigmaOptions(reader)
    }
}

/// DPM-Solver-2 with ancestral sampling, k-diffusion's `sample_dpm_2_ancestral`: each step goes below the next σ, and returns to
/// it by adding noise.
///
/// Reference: diffusers' `scheduling_k_dpm_2_ancestral_discrete.py`.
public struct KDPM2AncestralDiscreteScheduler: KDPM2Scheduler {
    public let callsPerStep = 2
    let plan: SigmaPlan
    let steps: [KDPM2Step]
    let predictionType: PredictionType
    var begun: [Float]?

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: KDPM2AncestralDiscreteSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        (plan, steps) = try config.base.kdpm2Plan(
            request, config.sigmas, className: KDPM2AncestralDiscreteSchedulerConfig.className
        ) { start, next in
            let (down, up) = AncestralStep.parts(from: start, to: next)
            return KDPM2Step(start: start, middle: next > 0 ? KDPM2Step.middle(start, down) : 0, end: down, noise: up)
        }
        predictionType = config.predictionType
    }

    /// True at the second call of each step.
    public func needsNoise(at index: Int) -> Bool { isSecondCall(index) }
}
