public import ModelGraph

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
