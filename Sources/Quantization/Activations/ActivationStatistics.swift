public import ModelGraph
public import TensorStore

/// The smallest and largest value of every activation that is to be rounded, over all runs.
///
/// They are reduced inside of the graph and come out as one small tensor a run, so that no activation is kept.
public struct ActivationStatistics: Sendable {
    /// The output that `instrumented` adds: `[2·count]`, the minima and then the maxima, in the placement's order.
    public static let output = "activation_statistics"

    /// Of one activation.
    public struct Extremes: Sendable, Hashable {
        public var minimum = Float.infinity
        public var maximum = -Float.infinity
        /// Means over runs of each run's extremes, which one outlier moves less.
        public var meanMinimum = 0.0
        public var meanMaximum = 0.0
    }

    public private(set) var extremes: [Extremes]
    /// Runs recorded so far.
    public private(set) var runs = 0

    public init(_ placement: QuantizerPlacement) {
        extremes = Array(repeating: Extremes(), count: placement.quantizers.count)
    }

    /// The graph with an output of its statistics.
    public static func instrumented(_ graph: Graph, _ placement: QuantizerPlacement) throws(GraphError) -> Graph {
        var graph = graph
        var parts: [Value] = []
        for operation in [Graph.Reduction.minimum, .maximum] {
            for quantizer in placement.quantizers {
                let name = graph.nodes[quantizer.value.node].name
                let extreme = try graph.reduce(operation, quantizer.value, name: "\(name)/\(operation.rawValue)")
                parts.append(try graph.reshape(extreme, to: [1], name: "\(name)/\(operation.rawValue)/Reshape"))
            }
        }
        guard !parts.isEmpty else { return graph }
        graph.result(try graph.concatenate(parts, axis: 0, name: Self.output), name: Self.output)
        return graph
    }

    /// Takes the output of one run in.
    /// - Throws: `CalibrationError.statistics` where it is not of this placement, or holds what is no number.
    public mutating func record(_ output: Tensor) throws(CalibrationError) {
        let count = extremes.count
        guard output.shape == [2 * count], let values = try? output.elements(as: Float.self) else {
            throw .statistics("\(output.elementType) \(output.shape) where f32 [\(2 * count)] is needed")
        }
        guard values.allSatisfy(\.isFinite) else { throw .statistics("an activation is infinite or no number") }
        runs += 1
        for index in 0..<count {
            let (minimum, maximum) = (values[index], values[count + index])
            extremes[index].minimum = min(extremes[index].minimum, minimum)
            extremes[index].maximum = max(extremes[index].maximum, maximum)
            extremes[index].meanMinimum += (Double(minimum) - extremes[index].meanMinimum) / Double(runs)
            extremes[index].meanMaximum += (Double(maximum) - extremes[index].meanMaximum) / Double(runs)
        }
    }
}
