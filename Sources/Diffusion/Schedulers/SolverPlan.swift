import Foundation

/// The σ of the steps, for solvers over the half log-SNR λ on samples of variance 1.
struct SolverPlan: Sendable {
    /// The levels before each step and after the last, including skipped steps.
    let levels: [Level]
    /// The timesteps of the steps that are not skipped.
    let timesteps: [Float]
    /// The number of steps that the strength skips at the beginning.
    let skipped: Int

    /// The weights of picture and noise, and λ = log α - log σ; infinite without noise.
    struct Level: Sendable {
        let alpha, sigma, lambda: Float
        /// ρ = σ / α, of the rounded weights.
        var ratio: Float { sigma / alpha }

        /// - Parameter ratio: σ / α.
        init(ratio: Float) {
            alpha = 1 / (ratio * ratio + 1).squareRoot()
            sigma = ratio * alpha
            lambda = log(alpha) - log(sigma)
        }
    }

    /// The rules that differ between classes.
    struct Rules {
        let className: String
        let takesTimestepsByHand: Bool
        /// The number of training steps that timesteps are spaced over; nil for all.
        var end: Int?
        /// Whether timesteps of spaced σ are rounded; truncated otherwise.
        let roundsSpacedTimesteps: Bool
        /// Whether a final `sigma_min` is the last of the spaced σ, not the first training step's.
        let endsAtSpacedSigma: Bool
    }

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    init(
        _ request: ScheduleRequest, _ base: BaseSchedulerConfig, _ options: SigmaOptions, _ final: FinalSigmas, _ rules: Rules
    ) throws(SchedulerError) {
        try options.validate()
        let (training, trained) = (base.trainingSigmas, base.numTrainTimesteps)
        var timesteps: [Double]
        let count: Int
        if rules.takesTimestepsByHand, let given = try request.givenTimesteps(trained: trained) {
            try options.refuseTimestepsByHand()
            count = given.count
            timesteps = given.map { Double($0) }
        } else {
            count = try request.count(trained: trained, className: rules.className)
            timesteps = try base.timestepSpacing.timesteps(
                count: count, trained: trained, end: rules.end, offset: base.stepsOffset, isOpen: true)
        }
        var sigmas = timesteps.map { training.value(at: $0) }
        var last = training.values[0]
        if let spaced = options.sigmas(count: count, from: training.largest, to: training.smallest) {
            let rounding: FloatingPointRoundingRule =
                rules.roundsSpacedTimesteps && options.roundsTimesteps ? .toNearestOrEven : .towardZero
            timesteps = spaced.map { training.timestep(of: $0).rounded(rounding) }
            if rules.endsAtSpacedSigma { last = Float(spaced[spaced.count - 1]) }
            sigmas = spaced
        }
        skipped = try request.skippedSteps(of: count)
        guard skipped < timesteps.count else { throw .noSteps(of: timesteps.count, strength: request.strength) }
        self.timesteps = timesteps.dropFirst(skipped).map { Float($0) }
        levels = (sigmas.map { Float($0) } + [final == .zero ? 0 : last]).map { Level(ratio: $0) }
    }

    /// The number of steps, including those that the strength skips.
    var count: Int { levels.count - 1 }
}

/// A scheduler with a `SolverPlan`.
protocol SolverScheduler: LatentScheduler {
    var plan: SolverPlan { get }
}

extension SolverScheduler {
    public var timesteps: [Float] { plan.timesteps }

    func noiseWeights(at index: Int) -> (signal: Float, noise: Float) {
        let level = plan.levels[plan.skipped + index]
        return (level.alpha, level.sigma)
    }
}

extension BaseSchedulerConfig {
    /// The number of training steps whose λ is not below a bound, for plans that leave out the others; nil without a bound.
    /// - Throws: `SchedulerError.option` where it leaves no steps.
    func trainingSteps(above lambdaMinClipped: Double?) throws(SchedulerError) -> Int? {
        guard let lambdaMinClipped else { return nil }
        let below = trainingSigmas.values.count { SolverPlan.Level(ratio: $0).lambda < Float(lambdaMinClipped) }
        let end = numTrainTimesteps - below
        try SchedulerError.check(end > 1, "lambda_min_clipped", "less, as it leaves no steps", lambdaMinClipped)
        return end
    }
}
