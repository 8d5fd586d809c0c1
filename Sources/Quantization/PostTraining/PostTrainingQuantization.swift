public import ModelGraph
public import TensorStore

/// Post-training quantization (W8A8): weights to INT8, and roundings of activations where the CPU plugin then computes in integers.
///
/// It runs nothing itself: `calibrated` takes a closure that runs the network as its users do.
public struct PostTrainingQuantization: Sendable {
    public struct Options: Sendable {
        public var rules: QuantizationPlan.Rules
        /// How weights are stored: `int8Narrow`, or `int8HalfRange` for processors without VNNI.
        public var weights = WeightMode.int8Narrow
        /// How activations are rounded.
        public var preset = QuantizationPreset.mixed
        /// What their ranges are found from. The extremes of all runs: means of extremes, as NNCF takes them, cut the steps short
        /// that have the widest ranges, which costs 6 dB over four steps.
        public var estimator = RangeEstimator.minMax
        /// Whether queries and keys of attention are rounded too, so that scores are computed in integers.
        public var scores = true
        /// Whether the spread between channels moves from activations into weights; nil for not.
        public var smoothing: SmoothQuant.Alpha?
        /// How the channels that convolutions read are given ranges of their own; nil for one range.
        public var channelScaling: ChannelScaling?
        /// Whether weights of convolutions are rounded so that their kernels' sums stay what they are.
        public var keepsKernelSums = false
        /// Whether biases make up for what rounding the weights takes from the means.
        public var biasCorrection = false

        public init(_ rules: QuantizationPlan.Rules) { self.rules = rules }

        /// As the decoder of an autoencoder keeps its quality: what computes at the latents' resolution in floating point, and
        /// between channels, kernels and means as little lost as data and weights allow.
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

    /// Runs a graph on calibration data, and hands over the outputs of each of its evaluations.
    public typealias Runner = (_ graph: Graph, _ record: ([String: Tensor]) throws -> Void) async throws -> Void

    /// Measures activations while `run` runs the network: once, and a second time where ranges are found from histograms.
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
            // What runs once a prompt gives the same as in floating point: steps of mixed precision share it.
            let once = Set(plan.layers.filter { $0.reason == .runsOnce || $0.reason == .timeEmbedding }.map(\.operation))
            smoothing = try SmoothQuant(alpha, preset: options.preset).apply(
                to: graph, channels, operations: { int8.contains($0) }, changing: { !once.contains($0) }, addsOperations: false)
        }
        let scaling = try channels.flatMap { channels in
            try options.channelScaling?.factors(graph, placement, channels)
        }
        var network = CalibratedNetwork(
            graph: graph, plan: plan, options: options, groups: placement.operationGroups, statistics: statistics,
            channels: channels, smoothing: smoothing, scaling: scaling)
        if options.estimator.needsHistograms { network.histograms = try await histograms(network, run) }
        return network
    }

    /// What has to be known of channels.
    private var channelKinds: Set<ChannelStatistics.Kind> {
        var kinds: Set<ChannelStatistics.Kind> = []
        if options.smoothing != nil || options.channelScaling != nil { kinds.insert(.extremes) }
        if options.smoothing == .searched { kinds.insert(.squares) }
        if options.biasCorrection { kinds.insert(.means) }
        return kinds
    }

    /// The second pass, over the network as it will be before its activations are rounded.
    private func histograms(
        _ network: CalibratedNetwork, _ run: Runner
    ) async throws -> ActivationHistograms {
        let (graph, placement, statistics) = try network.measured(plan)
        var histograms = try ActivationHistograms(statistics)
        try await run(ActivationHistograms.instrumented(graph, placement)) { try histograms.record($0) }
        return histograms
    }
}
