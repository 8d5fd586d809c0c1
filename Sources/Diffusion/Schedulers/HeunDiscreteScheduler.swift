/// The options of diffusers' `HeunDiscreteScheduler`, with its defaults.
public struct HeunDiscreteSchedulerConfig: SigmaSpacedConfig {
    public static let className = "HeunDiscreteScheduler"
    public var base = BaseSchedulerConfig.secondOrder
    public var sigmas = SigmaOptions()

    public init() {}

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try HeunDiscreteScheduler(config: self, request)
    }
}

extension HeunDiscreteSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.spacing, .clipping])
        sigmas = try SigmaOptions(reader)
    }
}

/// Heun's method over σ (Karras et al. 2022, algorithm 2 without churn): two network calls for each step but the last.
///
/// At even positions the step is Euler's; at odd ones it is repeated with the mean of both slopes.
/// Reference: diffusers' `scheduling_heun_discrete.py`.
public struct HeunDiscreteScheduler: SigmaScheduler {
    public let callsPerStep = 2
    let plan: SigmaPlan
    private let config: HeunDiscreteSchedulerConfig
    /// The sample at the start of the current step.
    private var begun: (sample: [Float], slope: [Float], step: Float)?

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: HeunDiscreteSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        let steps = try config.base.sigmaSteps(request, config.sigmas, className: HeunDiscreteSchedulerConfig.className)
        let sigmas = steps.sigmas.map { Float($0) }
        plan = SigmaPlan(
            sigmas: SigmaPlan.callsTwice(sigmas) + [0], timesteps: SigmaPlan.callsTwice(steps.timesteps),
            skipped: 2 * (try request.skippedSteps(of: sigmas.count)), spacing: config.timestepSpacing)
        self.config = config
    }

    mutating func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let (sigma, next) = sigmas(at: index)
        let original = config.base.clipped(
            config.predictionType.original(output: input.output, sample: input.sample, sigma: sigma), batch: input.batch)
        let slope = LatentArithmetic.combine(input.sample, original) { ($0 - $1) / sigma }
        guard let begun else {
            let step = next - sigma
            begun = (input.sample, slope, step)
            return (LatentArithmetic.sum(1, input.sample, step, slope), original)
        }
        self.begun = nil
        let mean = LatentArithmetic.combine(begun.slope, slope) { ($0 + $1) / 2 }
        return (LatentArithmetic.sum(1, begun.sample, begun.step, mean), original)
    }
}
