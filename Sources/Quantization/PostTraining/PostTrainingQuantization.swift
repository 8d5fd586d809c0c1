public import ModelGraph
public import TensorStore

/// Post-training quantization (W8A8): weights to INT8, and roundings of activations where the CPU plugin then computes in integers.
///
/// It runs nothing itself: `quantized` takes a closure that runs the network as its users do.
public struct PostTrainingQuantization: Sendable {
    public struct Options: Sendable {
        public var rules: QuantizationPlan.Rules
        /// How weights are stored: `int8Narrow`, or `int8HalfRange` for processors without VNNI.
        public var weights = WeightMode.int8Narrow

        /// How activations are rounded.
        public var preset = QuantizationPreset.mixed
        /// What their ranges are found from.
        public var estimator = RangeEstimator.meanMinMax
        /// Whether queries and keys of attention are rounded too, so that scores are computed in integers.
        public var scores = true

        public init(_ rules: QuantizationPlan.Rules) { self.rules = rules }
    }

    public let options: Options
    public let graph: Graph
    public let plan: QuantizationPlan

    /// - Throws: `QuantizationError` for rules that match nothing.
    public init(_ graph: Graph, _ options: Options) throws(QuantizationError) {
        self.graph = graph
        self.options = options
        plan = try QuantizationPlan(graph, options.rules)
    }

    /// Runs a graph on calibration data, and hands over the outputs of each of its evaluations.
    public typealias Runner = (_ graph: Graph, _ record: ([String: Tensor]) throws -> Void) async throws -> Void

    /// Measures activations while `run` runs the network, and quantizes it.
    public func quantized(
        isolation: isolated (any Actor)? = #isolation, run: Runner
    ) async throws -> (graph: Graph, report: QuantizationReport) {
        let kept = plan.operations(.float).union(plan.operations(.weights))
        let placement = QuantizerPlacement(graph, keeping: { kept.contains($0) }, scores: options.scores)
        var statistics = ActivationStatistics(placement)
        try await run(ActivationStatistics.instrumented(graph, placement)) { outputs in
            if let output = outputs[ActivationStatistics.output] { try statistics.record(output) }
        }
        let histograms = try await histograms(placement, statistics, run)
        let ranges = try statistics.ranges(options.preset, options.estimator, histograms: histograms)
        return try apply(placement, ranges, plan)
    }

    /// A second pass, where the estimator needs one.
    private func histograms(
        _ placement: QuantizerPlacement, _ statistics: ActivationStatistics, _ run: Runner,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> ActivationHistograms? {
        guard options.estimator.needsHistograms else { return nil }
        var histograms = try ActivationHistograms(statistics)
        try await run(ActivationHistograms.instrumented(graph, placement)) { try histograms.record($0) }
        return histograms
    }

    /// The graph with a plan's roundings in it.
    func apply(
        _ placement: QuantizerPlacement, _ ranges: [ActivationRange], _ plan: QuantizationPlan
    ) throws -> (graph: Graph, report: QuantizationReport) {
        var weights = WeightCompressionOptions(mode: options.weights)
        weights.ignored = IgnoredScope(names: Array(plan.operations(.float)))
        for operation in plan.operations(.weights) { weights.modes[operation] = .int8Symmetric }
        weights.embeddings = false
        let rounded = try graph.quantizingActivations(placement, ranges)
        let compressed = try WeightCompression(weights).apply(to: rounded)
        return (compressed.graph, QuantizationReport(plan, placement, ranges, compressed.report))
    }
}
