import TensorStore

/// The options of diffusers' `DPMSolverMultistepScheduler`, with its defaults.
public struct DPMSolverMultistepSchedulerConfig: SchedulerClassConfig {
    public static let className = "DPMSolverMultistepScheduler"
    public var base = BaseSchedulerConfig()
    public var sigmas = SigmaOptions()
    /// With `dpmsolver` and `sde-dpmsolver`, which cannot end without noise, it must be `sigmaMin`.
    public var finalSigmasType = FinalSigmas.zero
    /// 1 to 3; to 2 with `sde-dpmsolver`.
    public var solverOrder = 2
    public var algorithmType = AlgorithmType.dpmsolverPlusPlus
    /// Of steps of second order.
    public var solverType = SolverType.midpoint
    /// Whether the last steps are of lower order where there are fewer than 15.
    public var lowerOrderFinal = true
    /// Whether the last step is of first order.
    public var eulerAtFinal = false
    /// The λ below which no steps are taken; nil for no bound. For the cosine schedule.
    public var lambdaMinClipped: Double?

    public enum AlgorithmType: String, Sendable, CaseIterable {
        /// Over the predicted noise (Lu et al. 2022, DPM-Solver).
        case dpmsolver
        /// Over the predicted picture (Lu et al. 2022, DPM-Solver++).
        case dpmsolverPlusPlus = "dpmsolver++"
        /// The same of the stochastic differential equation: with noise at every step.
        case sdeDPMSolver = "sde-dpmsolver"
        case sdeDPMSolverPlusPlus = "sde-dpmsolver++"

        /// Whether it goes by x̂₀, not ε̂.
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

    /// The training steps that lie above `lambdaMinClipped`.
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
