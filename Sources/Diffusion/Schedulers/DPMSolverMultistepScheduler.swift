import Foundation

/// DPM-Solver and DPM-Solver++ in their multistep forms, of the ordinary and the stochastic differential equation (Lu et al.
/// 2022, "DPM-Solver" and "DPM-Solver++").
///
/// Reference: diffusers' `scheduling_dpmsolver_multistep.py`.
public struct DPMSolverMultistepScheduler: SolverScheduler {
    let plan: SolverPlan
    private let config: DPMSolverMultistepSchedulerConfig
    /// What was predicted at earlier steps, x̂₀ or ε̂, the latest last; as many as the order at most.
    private var predictions: [[Float]] = []

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is impossible.
    public init(config: DPMSolverMultistepSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        try config.validate()
        plan = try SolverPlan(
            request, config.base, config.sigmas, config.finalSigmasType,
            .init(
                className: DPMSolverMultistepSchedulerConfig.className, takesTimestepsByHand: true, end: try config.end(),
                roundsSpacedTimesteps: config.betaSchedule != .squaredcosCapV2, endsAtSpacedSigma: false))
        self.config = config
    }

    /// True at every step of the stochastic forms.
    public func needsNoise(at index: Int) -> Bool { config.algorithmType.addsNoise }

    mutating func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let position = plan.skipped + index
        let order = order(at: position)
        let weights = noiseWeights(at: index)
        let denoised = config.base.clipped(
            config.predictionType.original(output: input.output, sample: input.sample, weights), batch: input.batch)
        predictions = predictions.suffix(config.solverOrder - 1) + [prediction(input, denoised, weights)]

        let differences = differences(order, position)
        let coefficients = Coefficients(
            config.algorithmType, config.solverType, order, from: plan.levels[position], to: plan.levels[position + 1])
        var previous = LatentArithmetic.sum(
            coefficients.sample, input.sample, coefficients.differences[0], predictions[predictions.count - 1])
        for (weight, difference) in zip(coefficients.differences.dropFirst(), differences) {
            previous = LatentArithmetic.sum(1, previous, weight, difference)
        }
        if needsNoise(at: index) { previous = LatentArithmetic.sum(1, previous, coefficients.noise, input.noise) }
        return (previous, denoised)
    }

    /// What the solver goes by: x̂₀, or ε̂ that agrees with x̂₀ where that was clipped.
    private func prediction(
        _ input: StepInput, _ denoised: [Float], _ weights: (signal: Float, noise: Float)
    ) -> [Float] {
        if config.algorithmType.predictsPicture { return denoised }
        return config.thresholding
            ? PredictionType.sample.epsilon(output: denoised, sample: input.sample, weights)
            : config.predictionType.epsilon(output: input.output, sample: input.sample, weights)
    }

    /// Few steps end in low orders, and so does a step to no noise.
    private func order(at position: Int) -> Int {
        let isShort = config.lowerOrderFinal && plan.count < 15
        let endsLow = config.eulerAtFinal || isShort || config.finalSigmasType == .zero
        let bound = position == plan.count - 1 && endsLow ? 1 : position == plan.count - 2 && isShort ? 2 : 3
        return min(config.solverOrder, predictions.count + 1, bound)
    }

    /// D₁ and D₂, the divided differences of the predictions over λ; as many as the order asks for.
    private func differences(_ order: Int, _ position: Int) -> [[Float]] {
        guard order > 1 else { return [] }
        let lambdas = (0...order).map { plan.levels[position + 1 - $0].lambda }
        let latest = predictions.suffix(order).reversed().map { $0 }
        let step = lambdas[0] - lambdas[1]
        let ratio = (lambdas[1] - lambdas[2]) / step
        let first = LatentArithmetic.combine(latest[0], latest[1]) { 1 / ratio * ($0 - $1) }
        guard order == 3 else { return [first] }
        let earlierRatio = (lambdas[2] - lambdas[3]) / step
        let second = LatentArithmetic.combine(latest[1], latest[2]) { 1 / earlierRatio * ($0 - $1) }
        let weight = ratio / (ratio + earlierRatio)
        return [
            LatentArithmetic.combine(first, second) { $0 + weight * ($0 - $1) },
            LatentArithmetic.combine(first, second) { 1 / (ratio + earlierRatio) * ($0 - $1) },
        ]
    }
}

extension DPMSolverMultistepScheduler {
    /// The weights of what a step adds up.
    private struct Coefficients {
        let sample: Float
        /// Of D₀, the prediction, and of D₁ and D₂.
        let differences: [Float]
        let noise: Float

        init(
            _ algorithm: DPMSolverMultistepSchedulerConfig.AlgorithmType,
            _ solver: DPMSolverMultistepSchedulerConfig.SolverType, _ order: Int, from start: SolverPlan.Level,
            to end: SolverPlan.Level
        ) {
            let h = end.lambda - start.lambda
            // The third order has the forms of Heun's second, and one more.
            let isMidpoint = order == 2 && solver == .midpoint
            let weights: [Float]
            switch algorithm {
            case .dpmsolverPlusPlus:
                let decay = exp(-h) - 1
                weights = [
                    -(end.alpha * decay), isMidpoint ? -0.5 * (end.alpha * decay) : end.alpha * (decay / h + 1),
                    -(end.alpha * ((decay + h) / (h * h) - 0.5)),
                ]
                (sample, noise) = (end.sigma / start.sigma, 0)
            case .dpmsolver:
                let growth = exp(h) - 1
                weights = [
                    -(end.sigma * growth), isMidpoint ? -0.5 * (end.sigma * growth) : -(end.sigma * (growth / h - 1)),
                    -(end.sigma * ((growth - h) / (h * h) - 0.5)),
                ]
                (sample, noise) = (end.alpha / start.alpha, 0)
            case .sdeDPMSolverPlusPlus:
                let decay = 1 - exp(-2 * h)
                weights = [
                    end.alpha * decay, isMidpoint ? 0.5 * (end.alpha * decay) : end.alpha * (decay / (-2 * h) + 1),
                    end.alpha * ((decay - 2 * h) / (4 * h * h) - 0.5),
                ]
                (sample, noise) = (end.sigma / start.sigma * exp(-h), end.sigma * decay.squareRoot())
            case .sdeDPMSolver:
                let growth = exp(h) - 1
                weights = [
                    -2 * (end.sigma * growth), isMidpoint ? -(end.sigma * growth) : -2 * (end.sigma * (growth / h - 1)),
                ]
                (sample, noise) = (end.alpha / start.alpha, end.sigma * (exp(2 * h) - 1).squareRoot())
            }
            differences = Array(weights.prefix(order))
        }
    }
}
