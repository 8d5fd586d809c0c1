import Foundation
import TensorStore

/// The options of diffusers' `DEISMultistepScheduler`, with its defaults.
public struct DEISMultistepSchedulerConfig: SigmaSpacedConfig {
    public static let className = "DEISMultistepScheduler"
    public var base = BaseSchedulerConfig()
    public var sigmas = SigmaOptions()
    /// 1 to 3.
    public var solverOrder = 2
    /// Whether the last steps are of lower order in schedules of fewer than 15 steps.
    public var lowerOrderFinal = true

    public init() { base.timestepSpacing = .linspace }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try DEISMultistepScheduler(config: self, request)
    }

    func validate() throws(SchedulerError) {
        try base.validate()
        try SchedulerError.check((1...3).contains(solverOrder), "solver_order", "1, 2 or 3", solverOrder)
    }
}

extension DEISMultistepSchedulerConfig: ReadableSchedulerConfig {
    /// The one algorithm, and the words of other solvers that diffusers takes for it.
    private enum Algorithm: String, CaseIterable { case deis }
    private enum Solver: String, CaseIterable { case logrho }

    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.spacing, .thresholding])
        sigmas = try SigmaOptions(reader)
        solverOrder = try reader.integer("solver_order", default: solverOrder)
        lowerOrderFinal = try reader.flag("lower_order_final", default: lowerOrderFinal)
        _ = try reader.choice(
            "algorithm_type", default: Algorithm.deis, synonyms: ["dpmsolver": .deis, "dpmsolver++": .deis])
        _ = try reader.choice(
            "solver_type", default: Solver.logrho,
            synonyms: ["midpoint": .logrho, "heun": .logrho, "bh1": .logrho, "bh2": .logrho])
        try reader.refuseFlow()
    }
}

/// Diffusion exponential integrator sampling (Zhang and Chen 2023), its multistep form over log ρ: the predicted noise is
/// interpolated by a polynomial in log ρ, where ρ = σ/α, which is integrated over ρ.
///
/// Steps end at σ of the first training step, or at the last of spaced σ, as in diffusers.
/// Reference: diffusers' `scheduling_deis_multistep.py`.
public struct DEISMultistepScheduler: SolverScheduler {
    let plan: SolverPlan
    private let config: DEISMultistepSchedulerConfig
    /// ε̂ of earlier steps, the latest first; at most as many as the order.
    private var predictions: [[Float]] = []

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: DEISMultistepSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        try config.validate()
        plan = try SolverPlan(
            request, config.base, config.sigmas, .sigmaMin,
            .init(
                className: DEISMultistepSchedulerConfig.className, takesTimestepsByHand: false,
                roundsSpacedTimesteps: true, endsAtSpacedSigma: true))
        self.config = config
    }

    mutating func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let position = plan.skipped + index
        let (start, end) = (plan.levels[position], plan.levels[position + 1])
        let weights = noiseWeights(at: index)
        let denoised = config.base.clipped(
            config.predictionType.original(output: input.output, sample: input.sample, weights), batch: input.batch)
        let epsilon = PredictionType.sample.epsilon(output: denoised, sample: input.sample, weights)
        predictions = [epsilon] + predictions.prefix(config.solverOrder - 1)

        let order = order(at: position)
        guard order > 1 else {
            let growth = exp(end.lambda - start.lambda) - 1
            return (
                LatentArithmetic.sum(end.alpha / start.alpha, input.sample, -(end.sigma * growth), epsilon), denoised
            )
        }
        let nodes = (0..<order).map { plan.levels[position - $0].ratio }
        var sum = input.sample.map { $0 / start.alpha }
        for (node, prediction) in zip(nodes.indices, predictions) {
            sum = LatentArithmetic.sum(1, sum, Self.integral(nodes, of: node, to: end.ratio), prediction)
        }
        return (sum.map { end.alpha * $0 }, denoised)
    }

    /// The order of a step: lower at the end of short schedules.
    private func order(at position: Int) -> Int {
        let isShort = config.lowerOrderFinal && plan.count < 15
        return min(config.solverOrder, predictions.count, isShort ? plan.count - position : 3)
    }

    /// The integral over ρ, from the first node to `end`, of the Lagrange polynomial in log ρ that is 1 at the node `index` and 0
    /// at the one or two others. In single precision and diffusers' order, as its terms nearly cancel.
    private static func integral(_ nodes: [Float], of index: Int, to end: Float) -> Float {
        let own = log(nodes[index])
        let others = (1..<nodes.count).map { log(nodes[(index + $0) % nodes.count]) }
        func antiderivative(_ rho: Float) -> Float {
            let (t, c) = (log(rho), others[0])
            guard others.count == 2 else { return rho * (-c + t - 1) / (own - c) }
            let d = others[1]
            return rho * (c * (d - t + 1) - d * t + d + t * t - 2 * t + 2) / ((own - c) * (own - d))
        }
        return antiderivative(end) - antiderivative(nodes[0])
    }
}
