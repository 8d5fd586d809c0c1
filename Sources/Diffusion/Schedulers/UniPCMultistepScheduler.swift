import Foundation
import TensorStore

/// The options of diffusers' `UniPCMultistepScheduler`, with its defaults.
public struct UniPCMultistepSchedulerConfig: SigmaSpacedConfig {
    public static let className = "UniPCMultistepScheduler"
    public var base = BaseSchedulerConfig()
    public var sigmas = SigmaOptions()
    public var finalSigmasType = FinalSigmas.zero
    /// 1 to 8.
    public var solverOrder = 2
    /// Whether the solver's variable is the predicted picture and not the noise.
    public var predictX0 = true
    public var solverType = SolverType.bh2
    /// Whether the last steps are of lower order. Must be true for a last step to σ = 0.
    public var lowerOrderFinal = true
    /// Positions of the steps whose results are not corrected.
    public var disableCorrector: [Int] = []

    /// B(h) in the paper.
    public enum SolverType: String, Sendable, CaseIterable {
        /// h
        case bh1
        /// eʰ - 1
        case bh2
    }

    public init() { base.timestepSpacing = .linspace }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try UniPCMultistepScheduler(config: self, request)
    }

    func validate() throws(SchedulerError) {
        try base.validate()
        try SchedulerError.check((1...8).contains(solverOrder), "solver_order", "1 to 8", solverOrder)
        try SchedulerError.check(
            lowerOrderFinal || solverOrder == 1 || finalSigmasType == .sigmaMin, "lower_order_final",
            "true where final_sigmas_type is zero", lowerOrderFinal)
        try SchedulerError.check(
            predictX0 || finalSigmasType == .sigmaMin, "final_sigmas_type", "sigma_min where predict_x0 is false",
            finalSigmasType.rawValue)
    }
}

extension UniPCMultistepSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.spacing, .thresholding, .zeroSNR])
        sigmas = try SigmaOptions(reader)
        finalSigmasType = try reader.choice("final_sigmas_type", default: finalSigmasType)
        solverOrder = try reader.integer("solver_order", default: solverOrder)
        predictX0 = try reader.flag("predict_x0", default: predictX0)
        solverType = try reader.choice(
            "solver_type", default: solverType, synonyms: ["midpoint": .bh2, "heun": .bh2, "logrho": .bh2])
        lowerOrderFinal = try reader.flag("lower_order_final", default: lowerOrderFinal)
        disableCorrector = try reader.integers("disable_corrector") ?? disableCorrector
        try reader.refuse("solver_p", unless: .null)
        try reader.refuseFlow()
    }
}

/// The unified predictor-corrector (Zhao et al. 2023, "UniPC"): before each step, the network's output for the sample also
/// corrects the sample, without an additional call.
///
/// For a last step to σ = 0, diffusers' `bh1` gives NaN (infinity times 0 corrections); that term is left out here.
/// Reference: diffusers' `scheduling_unipc_multistep.py`.
public struct UniPCMultistepScheduler: SolverScheduler {
    let plan: SolverPlan
    private let config: UniPCMultistepSchedulerConfig
    /// Predictions of earlier steps, x̂₀ or ε̂, the latest last; at most as many as the order.
    private var predictions: [[Float]] = []
    /// The last step's initial sample and order.
    private var last: (sample: [Float], order: Int)?

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: UniPCMultistepSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        try config.validate()
        plan = try SolverPlan(
            request, config.base, config.sigmas, config.finalSigmasType,
            .init(
                className: UniPCMultistepSchedulerConfig.className, takesTimestepsByHand: false,
                roundsSpacedTimesteps: true, endsAtSpacedSigma: true))
        self.config = config
    }

    mutating func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let position = plan.skipped + index
        let weights = noiseWeights(at: index)
        let original = config.predictionType.original(output: input.output, sample: input.sample, weights)
        let denoised = config.predictX0 ? config.base.clipped(original, batch: input.batch) : original
        let prediction =
            config.predictX0 ? denoised : config.predictionType.epsilon(output: input.output, sample: input.sample, weights)

        var sample = input.sample
        if let last, position > 0, !config.disableCorrector.contains(position - 1) {
            sample = advance(last.sample, from: position - 1, order: last.order, correctedBy: prediction)
        }
        predictions = predictions.suffix(config.solverOrder - 1) + [prediction]
        let bound = config.lowerOrderFinal ? plan.count - position : config.solverOrder
        let order = min(config.solverOrder, bound, predictions.count)
        last = (sample, order)
        return (advance(sample, from: position, order: order, correctedBy: nil), denoised)
    }

    /// One step from `position` to the next: UniP, or UniC if the prediction at the next position is known.
    private func advance(
        _ sample: [Float], from position: Int, order: Int, correctedBy correction: [Float]?
    ) -> [Float] {
        let (start, end) = (plan.levels[position], plan.levels[position + 1])
        let latest = Array(predictions.reversed())
        let h = end.lambda - start.lambda
        let ratios = (1..<max(order, 1)).map { (plan.levels[position - $0].lambda - start.lambda) / h }
        let step = Coefficients(h: config.predictX0 ? -h : h, config.solverType, ratios: ratios + [1])

        let (scale, weight) =
            config.predictX0 ? (end.sigma / start.sigma, end.alpha) : (end.alpha / start.alpha, end.sigma)
        let first = LatentArithmetic.sum(scale, sample, -(weight * step.phi), latest[0])
        var residue: [Float]?
        func add(_ rho: Float, _ difference: [Float]) {
            residue = residue.map { LatentArithmetic.sum(1, $0, rho, difference) } ?? difference.map { rho * $0 }
        }
        let rhos = step.rhos(correcting: correction != nil)
        for (index, ratio) in ratios.enumerated() {
            add(rhos[index], LatentArithmetic.combine(latest[index + 1], latest[0]) { ($0 - $1) / ratio })
        }
        if let correction, let rho = rhos.last {
            add(rho, LatentArithmetic.combine(correction, latest[0]) { $0 - $1 })
        }
        return residue.map { LatentArithmetic.sum(1, first, -(weight * step.scale), $0) } ?? first
    }
}

extension UniPCMultistepScheduler {
    /// The coefficients of a step: the linear system R ρ = b, whose solution weights the differences of predictions.
    private struct Coefficients {
        /// eʰ - 1
        let phi: Float
        /// B(h)
        let scale: Float
        private let ratios: [Float]
        private let b: [Float]

        init(h: Float, _ solver: UniPCMultistepSchedulerConfig.SolverType, ratios: [Float]) {
            phi = expm1(h)
            scale = solver == .bh1 ? h : phi
            self.ratios = ratios
            var (term, factorial) = (phi / h - 1, Float(1))
            var b: [Float] = []
            for row in ratios.indices {
                b.append(term * factorial / scale)
                factorial *= Float(row + 2)
                term = term / h - 1 / factorial
            }
            self.b = b
        }

        /// The weight of each difference; the lowest orders have simplified ones.
        func rhos(correcting: Bool) -> [Float] {
            let count = correcting ? ratios.count : ratios.count - 1
            if count <= 1 { return [Float](repeating: 0.5, count: count) }
            var power = [Float](repeating: 1, count: count)
            var rows: [[Float]] = []
            for row in 0..<count {
                rows.append(power + [b[row]])
                for column in 0..<count { power[column] *= ratios[column] }
            }
            return Self.solution(rows)
        }

        /// Solves a linear system by Gaussian elimination with partial pivoting.
        /// - Parameter rows: the rows of the matrix, each with its right-hand side at the end.
        private static func solution(_ rows: [[Float]]) -> [Float] {
            var rows = rows
            let count = rows.count
            for column in 0..<count {
                let pivot = (column..<count).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
                rows.swapAt(column, pivot)
                for row in column + 1..<max(count, column + 1) {
                    let factor = rows[row][column] / rows[column][column]
                    for index in column...count { rows[row][index] -= factor * rows[column][index] }
                }
            }
            var result = [Float](repeating: 0, count: count)
            for row in (0..<count).reversed() {
                let known = (row + 1..<max(count, row + 1)).reduce(rows[row][count]) { $0 - rows[row][$1] * result[$1] }
                result[row] = known / rows[row][row]
            }
            return result
        }
    }
}
