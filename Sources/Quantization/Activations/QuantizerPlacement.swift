public import ModelGraph
import TensorStore

/// Which activations of a graph are to be rounded to 8 bits, for the CPU plugin to compute what follows in integers.
///
/// The convolutions and matrix products with constant weights take INT8 activations; what else a transformer's graph does stays
/// in floating point (NNCF's `ModelType.TRANSFORMER`). One rounding serves all that read one value. It is moved up through
/// operations that only carry elements elsewhere, to where the plugin can make it part of the operation that computes them.
public struct QuantizerPlacement: Sendable {
    /// One rounding.
    public struct Quantizer: Sendable, Hashable {
        /// What is rounded.
        public let value: Value
        /// Who reads it rounded.
        public let uses: [Graph.Use]
        /// The operations that compute in integers because of it, by name.
        public let operations: [String]
    }

    public let quantizers: [Quantizer]

    /// Operations that compute in INT8 when their activations and weights are.
    static let computing: Set<String> = ["Convolution", "GroupConvolution", "MatMul"]
    /// Operations whose results are their input's elements in other places.
    static let moving: Set<String> = ["Reshape", "Transpose", "Squeeze", "Unsqueeze", "DepthToSpace", "SpaceToDepth"]

    /// - Parameter isKept: whether the node with a name stays in floating point.
    public init(_ graph: Graph, keeping isKept: (String) -> Bool = { _ in false }) {
        let constant = graph.constantNodes
        let uses = graph.uses
        var groups = Groups()
        for (index, node) in graph.nodes.enumerated()
        where Self.computing.contains(node.type) && !constant[index] && node.inputs.count > 1 && constant[node.inputs[1].node]
            && node.inputs[0].elementType == .f32 && !isKept(node.name)
        {
            groups.add(Quantizer(value: node.inputs[0], uses: [Graph.Use(node: index, port: 0)], operations: [node.name]))
        }
        // From the end, so that groups that meet on their way up are one before they move on.
        for value in groups.order.sorted(by: { $0.node > $1.node }) { groups.moveUp(value, graph, uses) }
        quantizers = groups.order.compactMap { groups.quantizers[$0] }.sorted { $0.value.node < $1.value.node }
    }

    /// Roundings by what they round.
    private struct Groups {
        private(set) var quantizers: [Value: Quantizer] = [:]
        private(set) var order: [Value] = []

        mutating func add(_ quantizer: Quantizer) {
            guard let known = quantizers[quantizer.value] else {
                quantizers[quantizer.value] = quantizer
                order.append(quantizer.value)
                return
            }
            quantizers[quantizer.value] = Quantizer(
                value: known.value, uses: known.uses + quantizer.uses, operations: known.operations + quantizer.operations)
        }

        /// Up through operations whose result nobody reads in another form.
        mutating func moveUp(_ start: Value, _ graph: Graph, _ uses: [Value: [Graph.Use]]) {
            guard var quantizer = quantizers[start] else { return }
            while moving.contains(graph.nodes[quantizer.value.node].type), Set(uses[quantizer.value] ?? []) == Set(quantizer.uses) {
                quantizers[quantizer.value] = nil
                order.removeAll { $0 == quantizer.value }
                add(
                    Quantizer(
                        value: graph.nodes[quantizer.value.node].inputs[0], uses: [Graph.Use(node: quantizer.value.node, port: 0)],
                        operations: quantizer.operations))
                guard let next = quantizers[graph.nodes[quantizer.value.node].inputs[0]] else { return }
                quantizer = next
            }
        }
    }
}
