public import ModelGraph
import TensorStore

/// Which activations of a graph are to be rounded to 8 bits, for the CPU plugin to compute what follows in integers.
///
/// The convolutions and matrix products with constant weights take INT8 activations; what else a transformer's graph does stays
/// in floating point (NNCF's `ModelType.TRANSFORMER`). One rounding serves all that read one value. It is moved up through
/// operations that only carry elements elsewhere, to where the plugin can make it part of the operation that computes them.
public struct QuantizerPlacement: Sendable {
    /// An input of an operation that computes in integers.
    public struct Target: Sendable, Hashable {
        /// By name.
        public let operation: String
        public let port: Int

        public init(operation: String, port: Int) {
            self.operation = operation
            self.port = port
        }
    }

    /// One rounding.
    public struct Quantizer: Sendable, Hashable {
        /// What is rounded.
        public let value: Value
        /// Who reads it rounded.
        public let uses: [Graph.Use]
        /// What computes in integers because of it.
        public let targets: [Target]
        /// Whether its range must be symmetric, whatever the others are: queries and keys.
        public let isSymmetric: Bool
        /// Channels (axis 1) with a range each; nil for one range. Depthwise convolutions, which sum over no channels, have them.
        public let channels: Int?

        /// The operations of `targets`.
        public var operations: [String] { targets.map(\.operation) }
    }

    public let quantizers: [Quantizer]

    /// Operations that compute in INT8 when their activations and weights are.
    static let computing: Set<String> = ["Convolution", "GroupConvolution", "MatMul"]
    /// Operations whose results are their input's elements in other places.
    static let moving: Set<String> = ["Reshape", "Transpose", "Squeeze", "Unsqueeze", "DepthToSpace", "SpaceToDepth"]

    /// - Parameters:
    ///   - isKept: whether the node with a name stays in floating point.
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
        // From the end, so that groups that meet on their way up are one before they move on.
        for value in groups.order.sorted(by: { $0.node > $1.node }) { groups.moveUp(value, graph, uses) }
        quantizers = groups.order.compactMap { groups.quantizers[$0] }.sorted { $0.value.node < $1.value.node }
    }

    /// The same for operations with weights that `WeightCompression` can compress, but those of an ignored scope.
    /// - Throws: `QuantizationError.alreadyQuantized` where activations or weights are integers; what the scope throws.
    public init(_ graph: Graph, ignored: IgnoredScope, scores: Bool = false) throws(QuantizationError) {
        let scope = try ignored.nodes(of: graph)
        try graph.checkFloatingPoint()
        let found = WeightSites(graph, embeddings: false, ignored: scope)
        let names = Set(scope.map { graph.nodes[$0].name })
        let weighted = Set(found.sites.flatMap(\.users).map { graph.nodes[$0].name })
        let isAttention = Set(graph.scoreInputs(GraphIndex(graph)).map { graph.nodes[$0.node].name })
        self.init(graph, keeping: { names.contains($0) || !weighted.contains($0) && !isAttention.contains($0) }, scores: scores)
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
                value: known.value, uses: known.uses + quantizer.uses, targets: known.targets + quantizer.targets,
                isSymmetric: known.isSymmetric || quantizer.isSymmetric,
                channels: known.channels == quantizer.channels ? known.channels : nil)
        }

        /// Up through operations whose result nobody reads in another form.
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

/// The channels of a convolution that computes each from one channel of its input; nil for others.
private func depthwiseChannels(_ node: Node) -> Int? {
    guard node.type == "GroupConvolution", let input = node.inputs[0].shape.dimensions, input.count > 2,
        let weights = node.inputs[1].shape.dimensions, weights.count == input.count + 1, weights[2].fixedValue == 1
    else { return nil }
    return input[1].fixedValue
}
