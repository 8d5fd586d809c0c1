/// The options of diffusers' `EulerAncestralDiscreteScheduler`, with its defaults.
public struct EulerAncestralDiscreteSchedulerConfig: SchedulerClassConfig {
    public static let className = "EulerAncestralDiscreteScheduler"
    /// Parameters shared by all schedulers. A `prediction_type` of `sample` is refused, as diffusers' class does.
    public var base = BaseSchedulerConfig()

    public init() { base.timestepSpacing = .linspace }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try EulerAncestralDiscreteScheduler(config: self, request)
    }
}

extension EulerAncestralDiscreteSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.spacing, .zeroSNR])
    }
}

/// Ancestral sampling with Euler's method: each step goes below the next σ, and returns to it by adding noise.
///
/// Reference: diffusers' `scheduling_euler_ancestral_discrete.py`.
public struct EulerAncestralDiscreteScheduler: SigmaScheduler {
    let plan: SigmaPlan
    private let config: EulerAncestralDiscreteSchedulerConfig

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: EulerAncestralDiscreteSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        let className = EulerAncestralDiscreteSchedulerConfig.className
        try SchedulerError.check(
            config.predictionType != .sample, "prediction_type", "epsilon or v_prediction for \(className)", "sample")
        if case .timesteps = request.steps { throw .timestepsNotSupported(className: className) }
        let steps = try config.base.sigmaSteps(request, SigmaOptions(), className: className)
        plan = SigmaPlan(
            sigmas: steps.sigmas.map { Float($0) } + [0], timesteps: steps.timesteps,
            skipped: try request.skippedSteps(of: steps.timesteps.count), spacing: config.timestepSpacing)
        self.config = config
    }

    /// True at every step: diffusers also draws noise at the last one, with weight 0.
    public func needsNoise(at index: Int) -> Bool { true }

    func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let (sigma, next) = sigmas(at: index)
        let original = config.predictionType.original(output: input.output, sample: input.sample, sigma: sigma)
        let (down, up) = AncestralStep.parts(from: sigma, to: next)
        let step = down - sigma
        let previous = LatentArithmetic.combine(input.sample, original) { $0 + ($0 - $1) / sigma * step }
        return (LatentArithmetic.sum(1, previous, up, input.noise), original)
    }
}

/// A step that goes below the next σ and returns to it by adding noise.
enum AncestralStep {
    /// The σ to go to, and the standard deviation of the noise that leads from there to `next`.
    static func parts(from sigma: Float, to next: Float) -> (down: Float, up: Float) {
        let up = (next * next * (sigma * sigma - next * next) / (sigma * sigma)).squareRoot()
        // Rounding makes this negative at very large σ, where diffusers comes to NaN.
        return (max(next * next - up * up, 0).squareRoot(), up)
    }
}
