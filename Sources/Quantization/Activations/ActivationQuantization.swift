public import ModelGraph

extension Graph {
    /// The graph with its activations rounded to 8 bits where `placement` says, each within its range.
    ///
    /// - Parameter ranges: one for each of the placement's quantizers.
    /// - Precondition: the placement is of this graph.
    public func quantizingActivations(_ placement: QuantizerPlacement, _ ranges: [ActivationRange]) throws(GraphError) -> Graph {
        precondition(ranges.count == placement.quantizers.count, "there must be a range for each quantizer")
        var quantizerOf: [Use: Int] = [:]
        for (index, quantizer) in placement.quantizers.enumerated() {
            for use in quantizer.uses { quantizerOf[use] = index }
        }
        var rounded: [Int: Value] = [:]
        return try rewritten { (graph, use, value) throws(GraphError) in
            guard let index = quantizerOf[use] else { return value }
            if let known = rounded[index] { return known }
            let name = "\(graph.nodes[value.node].name)/fq_output_\(value.port)"
            let low = graph.scalar(ranges[index].low, name: "\(name)/low")
            let high = graph.scalar(ranges[index].high, name: "\(name)/high")
            let result = try graph.fakeQuantize(value, low: low, high: high, levels: ActivationRange.levels, name: name)
            rounded[index] = result
            return result
        }
    }
}
