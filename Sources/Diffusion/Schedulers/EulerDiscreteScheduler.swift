import TensorStore

/// The options of diffusers' `EulerDiscreteScheduler`, with its defaults.
public struct EulerDiscreteSchedulerConfig: SigmaSpacedConfig {
    public static let className = "EulerDiscreteScheduler"
    public var base = BaseSchedulerConfig()
    public var sigmas = SigmaOptions()
    public var finalSigmasType = FinalSigmas.zero

    public init() { base.timestepSpacing = .linspace }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try EulerDiscreteScheduler(config: self, request)
    }
}

extension EulerDiscreteSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.spacing, .zeroSNR])
        sigmas = try SigmaOptions(reader)
        finalSigmasType = try reader.choice("final_sigmas_type", default: finalSigmasType)
        try reader.refuse("interpolation_type", unless: "linear")
        // Continuous timesteps differ only for models that predict the velocity.
        if base.predictionType == .vPrediction { try reader.refuse("timestep_type", unless: "discrete") }
    }
}

/// Euler's method over σ (Karras et al. 2022, algorithm 2 without churn).
///
/// Reference: diffusers' `scheduling_euler_discrete.py`.
public struct EulerDiscreteScheduler: SigmaScheduler {
    let plan: SigmaPlan
    private let config: EulerDiscreteSchedulerConfig

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: EulerDiscreteSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        let steps = try config.base.sigmaSteps(request, config.sigmas, className: EulerDiscreteSchedulerConfig.className)
        let last = config.finalSigmasType == .zero ? 0 : config.base.trainingSigmas.values[0]
        plan = SigmaPlan(
            sigmas: steps.sigmas.map { Float($0) } + [last], timesteps: steps.timesteps,
            skipped: try request.skippedSteps(of: steps.timesteps.count), spacing: config.timestepSpacing)
        self.config = config
    }

    func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let (sigma, next) = sigmas(at: index)
        let original = config.predictionType.original(output: input.output, sample: input.sample, sigma: sigma)
        let step = next - sigma
        let previous = LatentArithmetic.combine(input.sample, original) { $0 + ($0 - $1) / sigma * step }
        return (previous, original)
    }
}
