public import ModelGraph
public import TensorStore

/// Post-training quantization (W8A8): INT8 weights, and activations rounded for the CPU plugin to compute in integers.
///
/// It does not run the network: `calibrated` takes a closure that does.
public struct PostTrainingQuantization: Sendable {
    public struct Options: Sendable {
        public var rules: QuantizationPlan.Rules
        /// The storage mode of weights: `int8Narrow`, or `int8HalfRange` for processors without VNNI.
        public var weights = WeightMode.int8Narrow
        /// The rounding scheme of activations.
        public var preset = QuantizationPreset.mixed
        /// The estimator of activation ranges. The default takes the extremes of all runs. NNCF's means of extremes clip the
        /// steps with the widest ranges, which costs 6 dB over four steps.
        public var estimator = RangeEstimator.minMax
        /// Whether queries and keys of attention are rounded too, so that scores are computed in integers.
        public var scores = true
        /// The rule that moves the spread between channels from activations into weights; nil for no smoothing.
        public var smoothing: SmoothQuant.Alpha?
        /// The rule that gives the input channels of convolutions ranges of their own; nil for one range.
        public var channelScaling: ChannelScaling?
        /// Whether convolution weights are rounded so that the sums of kernels stay the same.
        public var keepsKernelSums = false
        /// Whether biases compensate the shift of means that rounding the weights causes.
        public var biasCorrection = false

        public init(_ rules: QuantizationPlan.Rules) { self.rules = rules }

        /// Options that preserve the quality of an autoencoder's decoder. Layers at the latents' resolution stay in floating
        /// point. Channel ranges, kernel sums and bias correction keep the loss elsewhere small.
        public static let autoencoderDecoder = {
            var options = Options(.vaeDecoder)
            options.estimator = .minMax
            options.scores = false
            options.channelScaling = ChannelScaling()
            options.keepsKernelSums = true
            options.biasCorrection = true
            return options
        }()
    }

    public let options: Options
    public let graph: Graph
    public let plan: QuantizationPlan

    /// - Throws: `QuantizationError.alreadyQuantized`; `.ignoredScope` for rules that match nothing.
    public init(_ graph: Graph, _ options: Options) throws(QuantizationError) {
        try graph.checkFloatingPoint()
        self.options = options
        plan = try QuantizationPlan(graph, options.rules)
        self.graph = graph
    }

    /// Runs a graph on calibration data and passes the outputs of each evaluation to `record`.
    public typealias Runner = (_ graph: Graph, _ record: @escaping ([String: Tensor]) throws -> Void) async throws -> Void

    /// Measures activations while `run` runs the network: once, or twice if ranges are found from histograms.
    public func calibrated(run: Runner) async throws -> CalibratedNetwork {
        let kept = plan.floatOperations
        let placement = QuantizerPlacement(graph, keeping: { kept.contains($0) }, scores: options.scores)
        var statistics = ActivationStatistics(placement)
        let int8 = plan.operations(.int8)
        var channels = channelKinds.isEmpty ? nil : ChannelStatistics(graph, channelKinds) { int8.contains($0) }
        var instrumented = try ActivationStatistics.instrumented(graph, placement)
        if let channels { instrumented = try channels.instrumented(instrumented) }
        try await run(instrumented) { outputs in
            if let output = outputs[ActivationStatistics.output] { try statistics.record(output) }
            if let output = outputs[ChannelStatistics.output] { try channels?.record(output) }
        }
        guard statistics.runs > 0 || placement.quantizers.isEmpty else { throw CalibrationError.noRuns }

        var smoothing: SmoothQuant.Result?
        if let alpha = options.smoothing, let channels {
            // Layers that run once per prompt give the same result as in floating point: steps of mixed precision share it.
            let once = Set(plan.layers.filter { $0.reason == .runsOnce || $0.reason == .timeEmbedding }.map(\.operation))
            smoothing = try SmoothQuant(alpha, preset: options.preset).apply(
                to: graph, channels, operations: { int8.contains($0) }, changing: { !once.contains($0) }, addsOperations: false)
        }
        let scaling = try channels.flatMap { channels in
            try options.channelScaling?.factors(
                graph, placement, channels, smoothed: Set((smoothing?.factors ?? [:]).keys))
        }
        var network = CalibratedNetwork(
            graph: graph, plan: plan, options: options, groups: placement.operationGroups, statistics: statistics,
            channels: channels, smoothing: smoothing, scaling: scaling)
        if options.estimator.needsHistograms { network.histograms = try await histograms(network, run) }
        return network
    }

    /// The kinds of channel statistics that the options need.
    private var channelKinds: Set<ChannelStatistics.Kind> {
        var kinds: Set<ChannelStatistics.Kind> = []
        if options.smoothing != nil || options.channelScaling != nil { kinds.insert(.extremes) }
        if options.smoothing == .searched { kinds.insert(.squares) }
        if options.biasCorrection { kinds.insert(.means) }
        return kinds
    }

    /// The second pass, over the network before its activations are rounded.
    private func histograms(
        _ network: CalibratedNetwork, _ run: Runner
    ) async throws -> ActivationHistograms {
        let (graph, placement, statistics) = try network.measured(plan)
        var histograms = try ActivationHistograms(statistics)
        try await run(ActivationHistograms.instrumented(graph, placement)) { try histograms.record($0) }
        return histograms
    }
}

/// A network with measured activations. It produces quantized networks of any plan.
public struct CalibratedNetwork: Sendable {
    public let graph: Graph
    /// The default plan.
    public let plan: QuantizationPlan
    let options: PostTrainingQuantization.Options
    /// Operations that are quantized together because they read the same rounded value.
    public let groups: [[String]]
    let statistics: ActivationStatistics
    let channels: ChannelStatistics?
    let smoothing: SmoothQuant.Result?
    let scaling: ChannelScaling.Result?
    var histograms: ActivationHistograms?

    /// The network with the roundings and weights of a plan.
    /// - Parameter plan: quantizes only operations that `self.plan` quantizes; nil for `self.plan`.
    public func quantized(_ plan: QuantizationPlan? = nil) throws -> (graph: Graph, report: QuantizationReport) {
        let plan = plan ?? self.plan
        let (placement, statistics) = try placed(plan)
        let ranges = try statistics.ranges(
            options.preset, options.estimator, histograms: histograms?.restricted(to: placement),
            dividing: scaling?.factors ?? [:])
        let rounded = try smoothed.quantizingActivations(placement, ranges)
        let compressed = try WeightCompression(weights(plan)).apply(to: rounded)
        guard options.biasCorrection else {
            return (compressed.graph, QuantizationReport(plan, placement, ranges, compressed.report))
        }
        let corrected = try FastBiasCorrection().apply(to: compressed.graph, compressed.report)
        return (corrected.graph, QuantizationReport(plan, placement, ranges, compressed.report, corrected.report))
    }

    /// The smoothed network without rounding, for a second measurement.
    func measured(_ plan: QuantizationPlan) throws -> (Graph, QuantizerPlacement, ActivationStatistics) {
        let (placement, statistics) = try placed(plan)
        guard let smoothing else { return (graph, placement, statistics) }
        var weights = WeightCompressionOptions(mode: options.weights)
        weights.factors = smoothing.weights
        weights.ignored = IgnoredScope(names: plan.layers.map(\.operation))
        weights.embeddings = false
        let multiplied = try WeightCompression(weights).apply(to: smoothing.graph).graph
        // Smoothing added nodes: find the same operations at their new indices.
        let kept = plan.floatOperations
        return (multiplied, QuantizerPlacement(multiplied, keeping: { kept.contains($0) }, scores: options.scores), statistics)
    }

    private var smoothed: Graph { smoothing?.graph ?? graph }

    private func placed(_ plan: QuantizationPlan) throws -> (QuantizerPlacement, ActivationStatistics) {
        let kept = plan.floatOperations
        let placement = QuantizerPlacement(smoothed, keeping: { kept.contains($0) }, scores: options.scores)
        guard let channels else { return (placement, try statistics.restricted(to: placement)) }
        return (placement, try statistics.divided(by: divisors, placement, channels))
    }

    /// Divisors of an operation's input channels, by name. Inputs of matrix products are divided in the graph, those of
    /// convolutions by the rounding.
    private var divisors: [String: [Float]] {
        (smoothing?.factors ?? [:]).merging(scaling?.factors ?? [:]) { first, _ in first }
    }

    private func weights(_ plan: QuantizationPlan) throws -> WeightCompressionOptions {
        var weights = WeightCompressionOptions(mode: options.weights)
        weights.ignored = IgnoredScope(names: Array(plan.operations(.float)))
        for operation in plan.operations(.weights) { weights.modes[operation] = .int8Symmetric }
        if let mode = options.weights.upsampled {
            for operation in plan.operations(.int8).intersection(smoothed.upsampledConvolutions) {
                weights.modes[operation] = mode
            }
        }
        weights.embeddings = false
        weights.keepsKernelSums = options.keepsKernelSums
        weights.factors = smoothing?.weights ?? [:]
        for (constant, factors) in scaling?.weights(plan.operations(.int8)) ?? [:] {
            weights.factors[constant, default: WeightFactors()].input = factors.input
        }
        if options.biasCorrection, let channels {
            weights.inputMeans = try FastBiasCorrection().inputMeans(smoothed, channels, dividedBy: divisors)
        }
        return weights
    }
}

extension QuantizerPlacement {
    /// The operations of each rounding. Queries and keys belong to one operation, which is listed once.
    var operationGroups: [[String]] {
        var seen: Set<[String]> = []
        return quantizers.map(\.operations).filter { seen.insert($0).inserted }
    }
}
