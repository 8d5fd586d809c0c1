public import ModelGraph
import TensorStore

/// Corrects the bias of convolutions and matrix products for the rounding of their weights, which shifts the means of output
/// channels. The bias grows by Σ mean·(w − ŵ), with the mean of each input channel (NNCF's fast bias correction).
///
/// Padding counts as if it had the mean too. As in NNCF, the rounding of activations is not considered.
public struct FastBiasCorrection: Sendable {
    /// A bias stays unchanged if an element would change by this many times its own size: such a shift is noise.
    public var threshold = 2.0

    public init() {}

    public struct Skipped: Sendable, Equatable {
        public enum Reason: Sendable, Equatable {
            /// The operation has no bias: no constant with one element per channel is added to its result, or the result has
            /// other readers.
            case noBias
            /// An element of the bias is 0, or would change by this many times its size.
            case threshold(Double)
        }

        public let operation: String
        public let reason: Reason

        public init(operation: String, reason: Reason) {
            self.operation = operation
            self.reason = reason
        }
    }

    public struct Report: Sendable, Equatable {
        /// Operations whose bias was changed.
        public internal(set) var corrected: [String] = []
        public internal(set) var skipped: [Skipped] = []
    }

    /// The value of `WeightCompressionOptions.inputMeans` that makes the compression report shifts.
    ///
    /// - Parameters:
    ///   - statistics: channel statistics of `graph`, with means.
    ///   - factors: divisors of activation channels, by the name of the operation that reads the activation.
    /// - Throws: `CalibrationError.noRuns`; `.noChannels` if no means were measured.
    public func inputMeans(
        _ graph: Graph, _ statistics: ChannelStatistics, dividedBy factors: [String: [Float]] = [:]
    ) throws(CalibrationError) -> [String: [Float]] {
        guard statistics.runs > 0 || statistics.sites.isEmpty else { throw .noRuns }
        var measured: [String: Int] = [:]
        for (index, site) in statistics.sites.enumerated() { for operation in site.operations { measured[operation] = index } }
        var means: [String: [Float]] = [:]
        for site in WeightSites(graph, embeddings: false, ignored: []).sites where site.users.count == 1 {
            let operation = graph.nodes[site.users[0]].name
            guard let index = measured[operation] else { continue }
            let found = statistics.channels[index].means
            guard found.count == site.layout.inputChannels else { throw .noChannels(operation: operation) }
            means[graph.nodes[site.constant].name] = found.indices.map { channel in
                Float(found[channel]) / (factors[operation]?[channel] ?? 1)
            }
        }
        return means
    }

    /// - Parameters:
    ///   - graph: a graph with compressed weights.
    ///   - compression: the report of the compression, with shifts; layers without shifts are skipped.
    public func apply(
        to graph: Graph, _ compression: WeightCompressionReport
    ) throws(GraphError) -> (graph: Graph, report: Report) {
        let indices = Dictionary(graph.nodes.enumerated().map { ($1.name, $0) }) { first, _ in first }
        let index = GraphIndex(graph)
        var report = Report()
        var biases: [Graph.Use: (elements: [Float], shape: Shape)] = [:]
        for layer in compression.layers where !layer.outputShifts.isEmpty {
            guard let operation = indices[layer.operation],
                let use = biasUse(of: operation, layer.outputShifts.count, graph, index),
                let bias = graph.constantFloats(graph.nodes[use.node].inputs[use.port]),
                let shape = graph.nodes[use.node].inputs[use.port].shape.fixed
            else {
                report.skipped.append(.init(operation: layer.operation, reason: .noBias))
                continue
            }
            let change = zip(bias, layer.outputShifts).reduce(0.0) { most, pair in
                max(most, pair.0 == 0 ? .infinity : abs(Double(pair.1) / Double(pair.0)))
            }
            guard change < threshold else {
                report.skipped.append(.init(operation: layer.operation, reason: .threshold(change)))
                continue
            }
            biases[use] = (zip(bias, layer.outputShifts).map { $0 + $1 }, shape)
            report.corrected.append(layer.operation)
        }
        let corrected = try graph.rewritten { (copy, use, value) throws(GraphError) in
            guard let bias = biases[use] else { return value }
            return copy.constant(bias.elements, shape: bias.shape, name: "\(copy.nodes[value.node].name)/corrected")
        }
        return (corrected, report)
    }

    /// The use of the bias: a constant with one element per output channel, in the addition that alone reads the operation's
    /// result.
    private func biasUse(of operation: Int, _ count: Int, _ graph: Graph, _ index: GraphIndex) -> Graph.Use? {
        let value = graph.value(operation)
        guard let rank = value.shape.rank, let reader = index.onlyUse(of: value), graph.nodes[reader.node].type == "Add" else {
            return nil
        }
        let use = Graph.Use(node: reader.node, port: 1 - reader.port)
        guard let shape = graph.nodes[use.node].inputs[use.port].shape.fixed, shape.rank <= rank else { return nil }
        let axis = graph.nodes[operation].type == "MatMul" ? rank - 1 : 1
        let sizes = [Int](repeating: 1, count: rank - shape.rank) + shape.dimensions
        return sizes.enumerated().allSatisfy({ $1 == ($0 == axis ? count : 1) }) ? use : nil
    }
}
