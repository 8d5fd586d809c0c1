import ModelGraph
import TensorStore

extension Graph {
    /// Where queries and keys are read: the first two inputs of attention, and both of a product that is scores, which a
    /// softmax follows, perhaps after scaling and masking.
    func scoreInputs(_ constant: [Bool], _ uses: [Value: [Use]]) -> [Use] {
        var found: [Use] = []
        for (index, node) in nodes.enumerated() where !constant[index] && node.inputs.count > 1 {
            let isScores =
                node.type == "ScaledDotProductAttention"
                || node.type == "MatMul" && node.inputs.allSatisfy { !constant[$0.node] } && leadsToSoftmax(value(index), uses)
            if isScores, node.inputs.prefix(2).allSatisfy({ $0.elementType == .f32 }) {
                found += [Use(node: index, port: 0), Use(node: index, port: 1)]
            }
        }
        return found
    }

    private func leadsToSoftmax(_ start: Value, _ uses: [Value: [Use]]) -> Bool {
        var value = start
        while let readers = uses[value], readers.count == 1 {
            let node = nodes[readers[0].node]
            switch node.type.lowercased() {
            case "softmax": return true
            case "multiply", "divide", "add", "subtract", "maximum", "select", "reshape": value = self.value(readers[0].node)
            default: return false
            }
        }
        return false
    }
}
