import ModelGraph
import TensorStore

extension WeightSite {
    /// Lends the weights as rows, one per channel.
    func withRows<Result>(
        _ graph: Graph, _ factors: WeightFactors = WeightFactors(), _ body: (WeightRows) -> Result
    ) throws(QuantizationError) -> Result {
        let node = graph.nodes[constant]
        guard let data = node.constant else { throw .size(tensor: node.name, expected: layout.elementCount, found: 0) }
        return try data.withUnsafeBytes { bytes throws(QuantizationError) in
            let type = node.outputs[0].elementType
            guard let source = WeightSource(bytes, type, layout) else { throw .elementType(tensor: node.name, type) }
            let expected = type.byteCount(of: layout.elementCount) ?? 0
            guard bytes.count == expected else { throw .size(tensor: node.name, expected: expected, found: bytes.count) }
            return body(WeightRows(source: source, layout: layout, depth: layout.depth, factors: factors))
        }
    }
}
