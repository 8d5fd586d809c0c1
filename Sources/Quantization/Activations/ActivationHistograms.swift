public import ModelGraph
public import TensorStore

/// How often the values of each activation that is to be rounded fall into each part of its range, over all runs.
///
/// For this the activations themselves leave the graph, in a second pass once their ranges are known. Each is counted and then of
/// no use: hand the outputs over one by one where memory is short, or measure some quantizers at a time.
public struct ActivationHistograms: Sendable {
    /// One a quantizer, in the placement's order. Quantizers with channels have none to speak of: they are not counted.
    public private(set) var histograms: [Histogram]
    /// Runs of which something was recorded.
    public private(set) var runs = 0

    private var quantizers: [QuantizerPlacement.Quantizer]

    /// - Parameter statistics: the placement's, which give the ranges.
    /// - Throws: `CalibrationError.noRuns` where nothing was recorded in them.
    public init(_ statistics: ActivationStatistics) throws(CalibrationError) {
        guard statistics.runs > 0 || statistics.quantizers.isEmpty else { throw .noRuns }
        quantizers = statistics.quantizers
        histograms = statistics.extremes.map { Histogram(low: $0.minimum, high: $0.maximum) }
    }

    /// The name of the output with a quantizer's activation.
    public static func output(_ quantizer: Int) -> String { "activation_values/\(quantizer)" }

    /// The graph with outputs of its activations, as vectors.
    /// - Parameter quantizers: which of them; nil for all.
    public static func instrumented(
        _ graph: Graph, _ placement: QuantizerPlacement, quantizers: Range<Int>? = nil
    ) throws(GraphError) -> Graph {
        var graph = graph
        for index in quantizers ?? placement.quantizers.indices where placement.quantizers[index].channels == nil {
            // A value of its own, which may have this name beside those that inputs and outputs have already.
            let values = try graph.reshape(placement.quantizers[index].value, to: [-1], name: output(index))
            graph.result(values, name: output(index))
        }
        return graph
    }

    /// What was counted, for another placement of the same graph with the same operations or some of them.
    /// - Throws: `CalibrationError.noQuantizer` for an operation whose activations were not counted.
    public func restricted(to placement: QuantizerPlacement) throws(CalibrationError) -> ActivationHistograms {
        var result = self
        result.histograms = try quantizers.places(of: placement).map { histograms[$0] }
        result.quantizers = placement.quantizers
        return result
    }

    /// Takes the outputs of one run in: those named as `output` says, others are none of its business.
    /// - Throws: `CalibrationError.statistics` where one is not f32.
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
