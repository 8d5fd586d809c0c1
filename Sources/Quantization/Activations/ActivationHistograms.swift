public import ModelGraph
public import TensorStore

/// Histograms of the values of each activation that is to be rounded, over all runs.
///
/// The activations become outputs of the graph, in a second pass after their ranges are known. An activation can be released once
/// it is counted. If memory is short, record the outputs one by one, or measure some quantizers at a time.
public struct ActivationHistograms: Sendable {
    /// One histogram per quantizer, in the placement's order. Quantizers with channels are not counted.
    public private(set) var histograms: [Histogram]
    /// The number of runs with a recorded output.
    public private(set) var runs = 0

    private var quantizers: [QuantizerPlacement.Quantizer]

    /// - Parameter statistics: statistics of the placement, which give the ranges.
    /// - Throws: `CalibrationError.noRuns` if the statistics have no runs.
    public init(_ statistics: ActivationStatistics) throws(CalibrationError) {
        guard statistics.runs > 0 || statistics.quantizers.isEmpty else { throw .noRuns }
        quantizers = statistics.quantizers
        histograms = statistics.extremes.map { Histogram(low: $0.minimum, high: $0.maximum) }
    }

    /// The name of the output that has the activation of a quantizer.
    public static func output(_ quantizer: Int) -> String { "activation_values/\(quantizer)" }

    /// The graph with its activations as outputs, in the form of vectors.
    /// - Parameter quantizers: the indices of quantizers to measure; nil for all.
    public static func instrumented(
        _ graph: Graph, _ placement: QuantizerPlacement, quantizers: Range<Int>? = nil
    ) throws(GraphError) -> Graph {
        var graph = graph
        for index in quantizers ?? placement.quantizers.indices where placement.quantizers[index].channels == nil {
            // The reshaped value gets this name. The activation may have names as an input or output already.
            let values = try graph.reshape(placement.quantizers[index].value, to: [-1], name: output(index))
            graph.result(values, name: output(index))
        }
        return graph
    }

    /// The histograms for another placement of the same graph, with the same operations or fewer.
    /// - Throws: `CalibrationError.noQuantizer` for an operation whose activations were not counted.
    public func restricted(to placement: QuantizerPlacement) throws(CalibrationError) -> ActivationHistograms {
        var result = self
        result.histograms = try quantizers.places(of: placement).map { histograms[$0] }
        result.quantizers = placement.quantizers
        return result
    }

    /// Records outputs of one run. Outputs with names other than those of `output(_:)` are ignored.
    /// - Throws: `CalibrationError.statistics` if an output is not f32.
    public mutating func record(_ outputs: [String: Tensor]) throws(CalibrationError) {
        for index in histograms.indices {
            guard let tensor = outputs[Self.output(index)] else { continue }
            guard tensor.elementType == .f32 else {
                throw .statistics("\(Self.output(index)) is \(tensor.elementType), f32 is needed")
            }
            tensor.withUnsafeBytes { histograms[index].count($0.bindMemory(to: Float.self)) }
        }
        runs += 1
    }
}
