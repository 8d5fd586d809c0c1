/// The options of diffusers' `KDPM2DiscreteScheduler`, with its defaults.
public struct KDPM2DiscreteSchedulerConfig: SigmaSpacedConfig {
    public static let className = "KDPM2DiscreteScheduler"
    /// Parameters shared by all schedulers. A `prediction_type` of `sample` is refused, as diffusers' class does.
    public var base = BaseSchedulerConfig.secondOrder
    public var sigmas = SigmaOptions()

    public init() {}

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try KDPM2DiscreteScheduler(config: self, request)
    }
}

extension KDPM2DiscreteSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, .spacing)
        sigmas = try SigmaOptions(reader)
    }
}

/// DPM-Solver-2 over σ (Lu et al. 2022, "DPM-Solver", with the steps of Karras et al. 2022), k-diffusion's `sample_dpm_2`.
///
/// Reference: diffusers' `scheduling_k_dpm_2_discrete.py`.
public struct KDPM2DiscreteScheduler: KDPM2Scheduler {
    public let callsPerStep = 2
    let plan: SigmaPlan
    let steps: [KDPM2Step]
    let predictionType: PredictionType
    var begun: [Float]?

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: KDPM2DiscreteSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        (plan, steps) = try config.base.kdpm2Plan(
            request, config.sigmas, className: KDPM2DiscreteSchedulerConfig.className
        ) { start, next in
            KDPM2Step(start: start, middle: KDPM2Step.middle(next, start), end: next)
        }
        predictionType = config.predictionType
    }
}
