import TensorStore

/// The options of diffusers' `DPMSolverMultistepScheduler`, with its defaults.
public struct DPMSolverMultistepSchedulerConfig: SigmaSpacedConfig {
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
        try algorithmType.check(order: solverOrder, finalSigmasType)
    }
}

extension DPMSolverMultistepSchedulerConfig.AlgorithmType {
    /// - Throws: `SchedulerError.option` where the algorithm has no steps of this order, or can't end there.
    func check(order: Int, _ final: FinalSigmas) throws(SchedulerError) {
        try SchedulerError.check((1...3).contains(order), "solver_order", "1, 2 or 3", order)
        try SchedulerError.check(
            self != .sdeDPMSolver || order < 3, "solver_order", "1 or 2 with algorithm_type sde-dpmsolver", order)
        try SchedulerError.check(
            predictsPicture || final == .sigmaMin, "final_sigmas_type", "sigma_min with algorithm_type \(rawValue)",
            final.rawValue)
    }
}

extension DPMSolverMultistepSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.spacing, .thresholding, .zeroSNR])
        sigmas = try SigmaOptions(reader, hasLuLambdas: true)
        finalSigmasType = try reader.choice("final_sigmas_type", default: finalSigmasType)
        solverOrder = try reader.integer("solver_order", default: solverOrder)
        algorithmType = try reader.algorithmType(default: algorithmType)
        solverType = try reader.solverType(default: solverType)
        lowerOrderFinal = try reader.flag("lower_order_final", default: lowerOrderFinal)
        eulerAtFinal = try reader.flag("euler_at_final", default: eulerAtFinal)
        lambdaMinClipped = try reader.number("lambda_min_clipped")
        try reader.refuseFlow()
        try reader.refuse("variance_type", unless: .null)
    }
}

extension SchedulerConfigReader {
    /// `algorithm_type` of DPM-Solver's classes, with the word of another solver that diffusers takes.
    func algorithmType(
        default fallback: DPMSolverMultistepSchedulerConfig.AlgorithmType
    ) throws(SchedulerError) -> DPMSolverMultistepSchedulerConfig.AlgorithmType {
        try choice("algorithm_type", default: fallback, synonyms: ["deis": .dpmsolverPlusPlus])
    }

    /// `solver_type` of DPM-Solver's classes, with the words of other solvers that diffusers takes.
    func solverType(
        default fallback: DPMSolverMultistepSchedulerConfig.SolverType
    ) throws(SchedulerError) -> DPMSolverMultistepSchedulerConfig.SolverType {
        try choice("solver_type", default: fallback, synonyms: ["logrho": .midpoint, "bh1": .midpoint, "bh2": .midpoint])
    }

    /// Refuses the options of models of flow matching.
    func refuseFlow() throws(SchedulerError) {
        try refuse("use_flow_sigmas", unless: false)
        try refuse("use_dynamic_shifting", unless: false)
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
                className: DPMSolverMultistepSchedulerConfig.className, takesTimestepsByHand: true,
                end: try config.base.trainingSteps(above: config.lambdaMinClipped),
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
        let prediction = config.algorithmType.prediction(input, denoised, config.base, weights)
        predictions = predictions.suffix(config.solverOrder - 1) + [prediction]
        let coefficients = DPMSolverCoefficients(
            config.algorithmType, config.solverType, order: order, from: plan.levels[position], to: plan.levels[position + 1])
        return (coefficients.step(input.sample, [prediction] + differences(order, position), noise: input.noise), denoised)
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
