import Foundation
import TensorStore

/// The options of diffusers' `DPMSolverMultistepScheduler`, with its defaults.
public struct DPMSolverMultistepSchedulerConfig: SchedulerClassConfig {
    public static let className = "DPMSolverMultistepScheduler"
    public var base = BaseSchedulerConfig()
    public var sigmas = SigmaOptions()
    /// Must be `sigmaMin` for `dpmsolver` and `sde-dpmsolver`, which cannot end at σ = 0.
    public var finalSigmasType = FinalSigmas.zero
    /// 1 to 3; 1 or 2 for `sde-dpmsolver`.
    public var solverOrder = 2
    public var algorithmType = AlgorithmType.dpmsolverPlusPlus
    /// The form of second-order steps.
    public var solverType = SolverType.midpoint
    /// Whether the last steps are of lower order in schedules of fewer than 15 steps.
    public var lowerOrderFinal = true
    /// Whether the last step is of first order.
    public var eulerAtFinal = false
    /// The lowest λ of a step; nil for no bound. For the cosine schedule.
    public var lambdaMinClipped: Double?

    public enum AlgorithmType: String, Sendable, CaseIterable {
        /// Over the predicted noise (Lu et al. 2022, DPM-Solver).
        case dpmsolver
        /// Over the predicted picture (Lu et al. 2022, DPM-Solver++).
        case dpmsolverPlusPlus = "dpmsolver++"
        /// DPM-Solver for the stochastic differential equation, with noise at every step.
        case sdeDPMSolver = "sde-dpmsolver"
        case sdeDPMSolverPlusPlus = "sde-dpmsolver++"

        /// Whether the solver's variable is x̂₀ and not ε̂.
        var predictsPicture: Bool { self == .dpmsolverPlusPlus || self == .sdeDPMSolverPlusPlus }
        var addsNoise: Bool { self == .sdeDPMSolver || self == .sdeDPMSolverPlusPlus }
    }

    public enum SolverType: String, Sendable, CaseIterable {
        case midpoint, heun
    }

    public init() { base.timestepSpacing = .linspace }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try DPMSolverMultistepScheduler(config: self, request)
    }

    func validate() throws(SchedulerError) {
        try base.validate()
        try SchedulerError.check((1...3).contains(solverOrder), "solver_order", "1, 2 or 3", solverOrder)
        try SchedulerError.check(
            algorithmType != .sdeDPMSolver || solverOrder < 3, "solver_order", "1 or 2 with algorithm_type sde-dpmsolver",
            solverOrder)
        try SchedulerError.check(
            algorithmType.predictsPicture || finalSigmasType == .sigmaMin, "final_sigmas_type",
            "sigma_min with algorithm_type \(algorithmType.rawValue)", finalSigmasType.rawValue)
    }

    /// The number of training steps above `lambdaMinClipped`.
    func end() throws(SchedulerError) -> Int {
        guard let lambdaMinClipped else { return base.numTrainTimesteps }
        let below = trainingLevels.count { $0.lambda < Float(lambdaMinClipped) }
        let end = base.numTrainTimesteps - below
        try SchedulerError.check(end > 1, "lambda_min_clipped", "less, as it leaves no steps", lambdaMinClipped)
        return end
    }

    private var trainingLevels: [SolverPlan.Level] { base.trainingSigmas.values.map { SolverPlan.Level(ratio: $0) } }
}

extension DPMSolverMultistepSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.thresholding, .zeroSNR])
        sigmas = try SigmaOptions(reader, hasLuLambdas: true)
        finalSigmasType = try reader.choice("final_sigmas_type", default: finalSigmasType)
        solverOrder = try reader.integer("solver_order", default: solverOrder)
        algorithmType = try reader.choice(
            "algorithm_type", default: algorithmType, synonyms: ["deis": .dpmsolverPlusPlus])
        solverType = try reader.choice(
            "solver_type", default: solverType, synonyms: ["logrho": .midpoint, "bh1": .midpoint, "bh2": .midpoint])
        lowerOrderFinal = try reader.flag("lower_order_final", default: lowerOrderFinal)
        eulerAtFinal = try reader.flag("euler_at_final", default: eulerAtFinal)
        lambdaMinClipped = try reader.number("lambda_min_clipped")
        try reader.refuse("use_flow_sigmas", unless: false)
        try reader.refuse("use_dynamic_shifting", unless: false)
        try reader.refuse("variance_type", unless: .null)
    }
}

/// Multistep DPM-Solver and DPM-Solver++ for the ordinary and the stochastic differential equation (Lu et al. 2022, "DPM-Solver"
/// and "DPM-Solver++").
///
/// Reference: diffusers' `scheduling_dpmsolver_multistep.py`.
public struct DPMSolverMultistepScheduler: SolverScheduler {
    let plan: SolverPlan
    private let config: DPMSolverMultistepSchedulerConfig
    /// Predictions of earlier steps, x̂₀ or ε̂, the latest last; at most as many as the order.
    private var predictions: [[Float]] = []

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
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

    /// The solver's variable: x̂₀, or the ε̂ that agrees with a clipped x̂₀.
    private func prediction(
        _ input: StepInput, _ denoised: [Float], _ weights: (signal: Float, noise: Float)
    ) -> [Float] {
        if config.algorithmType.predictsPicture { return denoised }
        return config.thresholding
            ? PredictionType.sample.epsilon(output: denoised, sample: input.sample, weights)
            : config.predictionType.epsilon(output: input.output, sample: input.sample, weights)
    }

    /// The order of a step: lower at the end of short schedules, and for a step to σ = 0.
    private func order(at position: Int) -> Int {
        let isShort = config.lowerOrderFinal && plan.count < 15
        let endsLow = config.eulerAtFinal || isShort || config.finalSigmasType == .zero
        let bound = position == plan.count - 1 && endsLow ? 1 : position == plan.count - 2 && isShort ? 2 : 3
        return min(config.solverOrder, predictions.count + 1, bound)
    }

    /// D₁ and D₂, the divided differences of the predictions over λ, up to the order.
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
    /// The weights of the terms of a step.
    private struct Coefficients {
        let sample: Float
        /// The weights of D₀, the prediction, and of D₁ and D₂.
        let differences: [Float]
        let noise: Float

        init(
            _ algorithm: DPMSolverMultistepSchedulerConfig.AlgorithmType,
            _ solver: DPMSolverMultistepSchedulerConfig.SolverType, _ order: Int, from start: SolverPlan.Level,
            to end: SolverPlan.Level
        ) {
            let h = end.lambda - start.lambda
            // Third-order steps have the forms of Heun's second order, and one more.
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
