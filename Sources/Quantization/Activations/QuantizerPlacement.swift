public import ModelGraph
import TensorStore

/// The activations of a graph that are rounded to 8 bits, so that the CPU plugin computes their readers in integers.
///
/// Convolutions and matrix products with constant weights take INT8 activations. The other operations of a transformer's graph
/// stay in floating point (NNCF's `ModelType.TRANSFORMER`). One rounding serves all readers of a value. It moves up through
/// operations that only move elements, to where the plugin can fuse it into the operation that computes them.
public struct QuantizerPlacement: Sendable {
    /// An input of an operation that computes in integers.
    public struct Target: Sendable, Hashable {
        /// The name of the operation.
        public let operation: String
        public let port: Int

        public init(operation: String, port: Int) {
            self.operation = operation
            self.port = port
        }
    }

    /// One rounding.
    public struct Quantizer: Sendable, Hashable {
        /// The value that is rounded.
        public let value: Value
        /// The uses that read the rounded value.
        public let uses: [Graph.Use]
        /// The inputs of operations that compute in integers because of the rounding.
        public let targets: [Target]
        /// Whether the range must be symmetric under any preset: queries and keys.
        public let isSymmetric: Bool
        /// The number of channels (axis 1) with a range each, for depthwise convolutions, which do not sum over channels; nil for
        /// one range.
        public let channels: Int?

        /// The names of the operations of `targets`.
        public var operations: [String] { targets.map(\.operation) }
    }

    public let quantizers: [Quantizer]

    /// Operations that compute in INT8 when their activations and weights are.
    static let computing: Set<String> = ["Convolution", "GroupConvolution", "MatMul"]
    /// Operations that only move elements.
    static let moving: Set<String> = ["Reshape", "Transpose", "Squeeze", "Unsqueeze", "DepthToSpace", "SpaceToDepth"]

    /// - Parameters:
    ///   - isKept: whether the node of this name stays in floating point.
    ///   - scores: whether queries and keys of attention are rounded too.
    public init(_ graph: Graph, keeping isKept: (String) -> Bool = { _ in false }, scores: Bool = false) {
        let index = GraphIndex(graph)
        let (constant, uses) = (index.isConstant, index.uses)
        var groups = Groups()
        for (index, node) in graph.nodes.enumerated()
        where Self.computing.contains(node.type) && !constant[index] && node.inputs.count > 1 && constant[node.inputs[1].node]
            && node.inputs[0].elementType == .f32 && !isKept(node.name)
        {
            groups.add(
                Quantizer(
                    value: node.inputs[0], uses: [Graph.Use(node: index, port: 0)],
                    targets: [Target(operation: node.name, port: 0)], isSymmetric: false, channels: depthwiseChannels(node)))
        }
        for use in scores ? graph.scoreInputs(index) : [] where !isKept(graph.nodes[use.node].name) {
            groups.add(
                Quantizer(
                    value: graph.nodes[use.node].inputs[use.port], uses: [use],
                    targets: [Target(operation: graph.nodes[use.node].name, port: use.port)], isSymmetric: true, channels: nil))
        }
        // From the end, so that groups that meet on their way up merge before they move on.
        for value in groups.order.sorted(by: { $0.node > $1.node }) { groups.moveUp(value, graph, uses) }
        quantizers = groups.order.compactMap { groups.quantizers[$0] }.sorted { $0.value.node < $1.value.node }
    }

    /// The placement for operations whose weights `WeightCompression` can compress, except those of an ignored scope.
    /// - Throws: `QuantizationError.alreadyQuantized` if activations or weights are integers; the errors of the scope.
    public init(_ graph: Graph, ignored: IgnoredScope, scores: Bool = false) throws(QuantizationError) {
        let scope = try ignored.nodes(of: graph)
        try graph.checkFloatingPoint()
        let found = WeightSites(graph, embeddings: false, ignored: scope)
        let names = Set(scope.map { graph.nodes[$0].name })
        let weighted = Set(found.sites.flatMap(\.users).map { graph.nodes[$0].name })
        let isAttention = Set(graph.scoreInputs(GraphIndex(graph)).map { graph.nodes[$0.node].name })
        self.init(graph, keeping: { names.contains($0) || !weighted.contains($0) && !isAttention.contains($0) }, scores: scores)
    }

    /// Roundings by the value that they round.
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
                value: known.value, uses: known.uses + quantizer.uses, targets: known.targets + quantizer.targets,
                isSymmetric: known.isSymmetric || quantizer.isSymmetric,
                channels: known.channels == quantizer.channels ? known.channels : nil)
        }

        /// Moves a rounding up through operations whose result is read only rounded.
        mutating func moveUp(_ start: Value, _ graph: Graph, _ uses: [Value: [Graph.Use]]) {
            guard var quantizer = quantizers[start] else { return }
            while moving.contains(graph.nodes[quantizer.value.node].type), quantizer.channels == nil,
                Set(uses[quantizer.value] ?? []) == Set(quantizer.uses)
            {
                quantizers[quantizer.value] = nil
                order.removeAll { $0 == quantizer.value }
                let above = graph.nodes[quantizer.value.node].inputs[0]
                add(
                    Quantizer(
                        value: above, uses: [Graph.Use(node: quantizer.value.node, port: 0)], targets: quantizer.targets,
                        isSymmetric: quantizer.isSymmetric, channels: nil))
                guard let next = quantizers[above] else { return }
                quantizer = next
            }
        }
    }
}

/// The number of channels of a depthwise convolution; nil for other nodes.
private func depthwiseChannels(_ node: Node) -> Int? {
    guard node.type == "GroupConvolution", let input = node.inputs[0].shape.dimensions, input.count > 2,
        let weights = node.inputs[1].shape.dimensions, weights.count == input.count + 1, weights[2].fixedValue == 1
    else { return nil }
    return input[1].fixedValue
}
