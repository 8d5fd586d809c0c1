import ModelGraph
import TensorStore

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
