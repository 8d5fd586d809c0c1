public import ModelGraph

/// Returns the layers that are most sensitive to quantization to floating point.
///
/// Each group of layers that share a rounded input is quantized alone. The resulting error in the outputs is the group's
/// sensitivity. Groups return to floating point in descending order of sensitivity.
public struct AccuracyControl: Sendable {
    public enum Goal: Sendable, Equatable {
        /// This number of groups returns to floating point.
        case keepWorst(Int)
        /// The fewest groups return that keep the error at or below this value.
        case maxError(Double)
    }

    /// The error from quantizing one group alone.
    public struct Sensitivity: Sendable, Codable, Equatable {
        public let operations: [String]
        public let error: Double

        public init(operations: [String], error: Double) {
            self.operations = operations
            self.error = error
        }
    }

    public let goal: Goal

    public init(_ goal: Goal) { self.goal = goal }

    /// Computes the error of a network's outputs against the floating-point network; 0 for equal outputs.
    public typealias Evaluator = (Graph) async throws -> Double

    /// - Parameters:
    ///   - known: sensitivities from an earlier run, which are not measured again.
    ///   - evaluate: runs a network on the evaluation data.
    ///   - found: receives each new sensitivity, for storage, with the number of known sensitivities and of groups.
    /// - Returns: the plan with the most sensitive layers in floating point, and all sensitivities in descending order.
    public func plan(
        _ network: CalibratedNetwork, known: [Sensitivity] = [],
        evaluate: Evaluator, found: (Sensitivity, Int, Int) throws -> Void = { _, _, _ in }
    ) async throws -> (plan: QuantizationPlan, sensitivities: [Sensitivity]) {
        let groups = network.groups
        var errors = Dictionary(known.map { ($0.operations, $0.error) }, uniquingKeysWith: { first, _ in first })
        for group in groups where errors[group] == nil {
            try Task.checkCancellation()
            let error = try await evaluate(network.quantized(network.plan.keeping(all: groups, except: group)).graph)
            errors[group] = error
            try found(Sensitivity(operations: group, error: error), groups.count { errors[$0] != nil }, groups.count)
        }
        let ranked = groups.map { Sensitivity(operations: $0, error: errors[$0] ?? 0) }.sorted { $0.error > $1.error }
        let count: Int
        switch goal {
        case .keepWorst(let number): count = min(number, ranked.count)
        case .maxError(let limit): count = try await fewest(ranked, network, limit, evaluate)
        }
        return (network.plan.keeping(ranked.prefix(count).map(\.operations), because: .sensitive), ranked)
    }

    /// The smallest number of groups that must return, by bisection: each group that returns lowers the error or keeps it.
    private func fewest(
        _ ranked: [Sensitivity], _ network: CalibratedNetwork, _ limit: Double, _ evaluate: Evaluator
    ) async throws -> Int {
        func error(_ count: Int) async throws -> Double {
            let plan = network.plan.keeping(ranked.prefix(count).map(\.operations), because: .sensitive)
            return try await evaluate(network.quantized(plan).graph)
        }
        if try await error(0) <= limit { return 0 }
        var (bad, good) = (0, ranked.count)
        while good - bad > 1 {
            try Task.checkCancellation()
            let middle = (bad + good) / 2
            if try await error(middle) <= limit { good = middle } else { bad = middle }
        }
        return good
    }
}

extension QuantizationPlan {
    /// The plan with groups of operations in floating point.
    func keeping(_ groups: some Sequence<[String]>, because reason: Reason) -> QuantizationPlan {
        var plan = self
        let names = Set(groups.joined())
        for index in plan.layers.indices where names.contains(plan.layers[index].operation) {
            (plan.layers[index].precision, plan.layers[index].reason) = (.float, reason)
        }
        plan.keptScores.formUnion(names)
        return plan
    }

    /// The plan with all groups but one in floating point. Weights that are only stored in INT8 go to floating point too.
    func keeping(all groups: [[String]], except one: [String]) -> QuantizationPlan {
        let kept = groups.filter { $0 != one }.flatMap(\.self).filter { !one.contains($0) }
        return keeping([kept, Array(operations(.weights))], because: .sensitive)
    }
}
