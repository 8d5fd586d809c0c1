import TensorStore

/// The options of diffusers' `DPMSolverSinglestepScheduler`, with its defaults. Timesteps are spaced as by `linspace`; the class
/// has no `timestep_spacing`.
public struct DPMSolverSinglestepSchedulerConfig: SigmaSpacedConfig {
    public typealias AlgorithmType = DPMSolverMultistepSchedulerConfig.AlgorithmType
    public typealias SolverType = DPMSolverMultistepSchedulerConfig.SolverType

    public static let className = "DPMSolverSinglestepScheduler"
    public var base = BaseSchedulerConfig()
    public var sigmas = SigmaOptions()
    /// Must be `sigmaMin` for `dpmsolver`, which cannot end at σ = 0.
    public var finalSigmasType = FinalSigmas.zero
    /// 1 to 3.
    public var solverOrder = 2
    /// Any but `sde-dpmsolver`.
    public var algorithmType = AlgorithmType.dpmsolverPlusPlus
    /// The form of steps of second and third order.
    public var solverType = SolverType.midpoint
    /// Whether steps of lower order are mixed in so that any number of calls can be made; taken as true where it must be.
    public var lowerOrderFinal = false
    /// The lowest λ of a step; nil for no bound. For the cosine schedule.
    public var lambdaMinClipped: Double?

    public init() { base.timestepSpacing = .linspace }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try DPMSolverSinglestepScheduler(config: self, request)
    }

    func validate() throws(SchedulerError) {
        try base.validate()
        try SchedulerError.check(
            algorithmType != .sdeDPMSolver, "algorithm_type", "dpmsolver, dpmsolver++ or sde-dpmsolver++", algorithmType.rawValue)
        try algorithmType.check(order: solverOrder, finalSigmasType)
    }
}

extension DPMSolverSinglestepSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, .thresholding)
        sigmas = try SigmaOptions(reader)
        finalSigmasType = try reader.choice("final_sigmas_type", default: finalSigmasType)
        solverOrder = try reader.integer("solver_order", default: solverOrder)
        algorithmType = try reader.algorithmType(default: algorithmType)
        solverType = try reader.solverType(default: solverType)
        lowerOrderFinal = try reader.flag("lower_order_final", default: lowerOrderFinal)
        lambdaMinClipped = try reader.number("lambda_min_clipped")
        try reader.refuseFlow()
        try reader.refuse("variance_type", unless: .null)
    }
}

/// Single-step DPM-Solver and DPM-Solver++ (Lu et al. 2022, "DPM-Solver" and "DPM-Solver++"): calls come in groups of as many as
/// the order, each a step of one order more from the group's first sample.
///
/// Orders are as low as the known predictions need after the strength has skipped the beginning of a group, as in diffusers.
/// Reference: diffusers' `scheduling_dpmsolver_singlestep.py`.
public struct DPMSolverSinglestepScheduler: SolverScheduler {
    let plan: SolverPlan
    private let config: DPMSolverSinglestepSchedulerConfig
    /// The order of each call, including those that the strength skips.
    private let orders: [Int]
    /// Predictions of this group and the last, x̂₀ or ε̂, the latest first; at most as many as the order.
    private var predictions: [[Float]] = []
    /// The sample at the beginning of the group.
    private var begun: [Float] = []

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: DPMSolverSinglestepSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        try config.validate()
        plan = try SolverPlan(
            request, config.base, config.sigmas, config.finalSigmasType,
            .init(
                className: DPMSolverSinglestepSchedulerConfig.className, takesTimestepsByHand: true,
                end: try config.base.trainingSteps(above: config.lambdaMinClipped), roundsSpacedTimesteps: true,
                endsAtSpacedSigma: false))
        orders = Self.orders(
            plan.count, config.solverOrder, endsLow: config.lowerOrderFinal || config.finalSigmasType == .zero,
            endsAtZero: config.finalSigmasType == .zero)
        self.config = config
    }

    /// The orders of `count` calls: groups 1 to `order`, the last of which are shorter so that all calls are used and, where
    /// `endsLow`, the last call is of first order.
    private static func orders(_ count: Int, _ order: Int, endsLow: Bool, endsAtZero: Bool) -> [Int] {
        let (whole, rest) = count.quotientAndRemainder(dividingBy: order)
        let group = Array(1...order)
        func groups(_ count: Int) -> [Int] { (0..<count).flatMap { _ in group } }
        var orders =
            if order == 1 || (rest == 0 && !endsLow) {
                groups(whole)
            } else if rest == 0 {
                groups(whole - 1) + group.dropLast() + [1]
            } else {
                groups(whole) + group.prefix(rest)
            }
        if endsAtZero, let last = orders.indices.last { orders[last] = 1 }
        return orders
    }

    /// True at every call of the stochastic form.
    public func needsNoise(at index: Int) -> Bool { config.algorithmType.addsNoise }

    mutating func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let position = plan.skipped + index
        let weights = noiseWeights(at: index)
        let denoised = config.base.clipped(
            config.predictionType.original(output: input.output, sample: input.sample, weights), batch: input.batch)
        let prediction = config.algorithmType.prediction(input, denoised, config.base, weights)
        predictions = [prediction] + predictions.prefix(config.solverOrder - 1)
        let order = min(orders[position], predictions.count)
        if order == 1 { begun = input.sample }
        let coefficients = DPMSolverCoefficients(
            config.algorithmType, config.solverType, order: order, from: plan.levels[position - order + 1],
            to: plan.levels[position + 1])
        return (coefficients.step(begun, differences(order, position), noise: input.noise), denoised)
    }

    /// D₀, the prediction at the beginning of the group, and the divided differences D₁ and D₂ over λ up to the order.
    private func differences(_ order: Int, _ position: Int) -> [[Float]] {
        let base = predictions[order - 1]
        guard order > 1 else { return [base] }
        /// The share of the way from the group's beginning to the step's end.
        func ratio(_ back: Int) -> Float {
            let (beginning, end) = (plan.levels[position - order + 1].lambda, plan.levels[position + 1].lambda)
            return (plan.levels[position - back].lambda - beginning) / (end - beginning)
        }
        func difference(_ back: Int, _ ratio: Float) -> [Float] {
            LatentArithmetic.combine(predictions[back], base) { 1 / ratio * ($0 - $1) }
        }
        let r0 = ratio(0)
        let latest = difference(0, r0)
        guard order == 3, config.solverType == .heun else { return [base, latest] }
        let r1 = ratio(1)
        let earlier = difference(1, r1)
        return [
            base, LatentArithmetic.combine(earlier, latest) { (r0 * $0 - r1 * $1) / (r0 - r1) },
            LatentArithmetic.combine(earlier, latest) { 2 * ($1 - $0) / (r0 - r1) },
        ]
    }
}
