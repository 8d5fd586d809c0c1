public import ModelGraph
import TensorStore

extension Graph {
    /// The graph with activations rounded to 8 bits at the places of `placement`, each within its range.
    ///
    /// - Parameter ranges: one per quantizer of the placement.
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
            // The axis of channels: the last of a product's operand, the second of a picture.
            let rank = value.shape.rank ?? 0
            let axis = nodes[use.node].type == "MatMul" ? rank - 1 : 1
            func bound(_ values: [Float], _ end: String) -> Value {
                let shape = Shape(values.count == 1 ? [] : (0..<rank).map { $0 == axis ? values.count : 1 })
                return graph.constant(values, shape: shape, name: "\(name)/\(end)")
            }
            let range = ranges[index]
            var output: (low: Value, high: Value)?
            var (low, high) = (bound(range.lows, "low"), bound(range.highs, "high"))
            if !range.divisors.isEmpty {
                output = (low, high)
                low = bound(range.divisors.map { $0 * range.low }, "channel_low")
                high = bound(range.divisors.map { $0 * range.high }, "channel_high")
            }
            let result = try graph.fakeQuantize(
                value, low: low, high: high, output: output, levels: ActivationRange.levels, name: name)
            rounded[index] = result
            return result
        }
    }

    /// Checks that the graph does not already compute in integers or with integer weights.
    /// - Throws: `QuantizationError.alreadyQuantized` with the first operation that does.
    public func checkFloatingPoint() throws(QuantizationError) {
        if let quantized = nodes.first(where: { $0.type == "FakeQuantize" }) {
            throw .alreadyQuantized(operation: quantized.name)
        }
        for skipped in WeightSites(self, embeddings: false, ignored: []).skipped {
            if case .alreadyCompressed = skipped.reason { throw .alreadyQuantized(operation: skipped.operation) }
        }
    }
}

extension Graph {
    /// The uses of queries and keys: the first two inputs of attention, and both inputs of a product that computes scores. A
    /// softmax follows such a product, possibly after scaling and masking.
    func scoreInputs(_ index: GraphIndex) -> [Use] {
        let constant = index.isConstant
        var found: [Use] = []
        for (place, node) in nodes.enumerated() where !constant[place] && node.inputs.count > 1 {
            let isScores =
                node.type == "ScaledDotProductAttention"
                || node.type == "MatMul" && node.inputs.allSatisfy { !constant[$0.node] } && leadsToSoftmax(value(place), index)
            if isScores, node.inputs.prefix(2).allSatisfy({ $0.elementType == .f32 }) {
                found += [Use(node: place, port: 0), Use(node: place, port: 1)]
            }
        }
        return found
    }

    private func leadsToSoftmax(_ start: Value, _ index: GraphIndex) -> Bool {
        var value = start
        while let use = index.onlyUse(of: value) {
            let node = nodes[use.node]
            switch node.type.lowercased() {
            case "softmax": return true
            case "multiply", "divide", "add", "subtract", "maximum", "select", "reshape": value = self.value(use.node)
            default: return false
            }
        }
        return false
    }
}
