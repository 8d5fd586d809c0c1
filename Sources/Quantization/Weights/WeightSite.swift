import ModelGraph
public import TensorStore

/// A constant that operations use as weights.
struct WeightSite {
    /// The constant's index.
    let constant: Int
    /// The layout in the shape that the operations read.
    let layout: WeightLayout
    /// The values that the operations read: the constant, or the result of a Convert or Reshape of it.
    let ends: [Value]
    /// Indices of the operations, in the graph's order; one or more.
    let users: [Int]
    /// Indices of the Converts and Reshapes in between, and of constants that only they read.
    let steps: Set<Int>
}

/// Finds the weights of a graph.
struct WeightSites {
    let graph: Graph
    private(set) var sites: [WeightSite] = []
    /// Weights that could be compressed but belong to ignored operations.
    private(set) var ignored: [WeightSite] = []
    private(set) var skipped: [WeightCompressionReport.Skipped] = []
    /// The last operation with weights, compressed or not.
    private(set) var lastOperation: Int?

    /// The readers of each node's outputs: node and input port.
    private var readers: [[(node: Int, port: Int)]]
    private let isConstant: [Bool]

    init(_ graph: Graph, embeddings: Bool, ignored: Set<Int>) {
        self.graph = graph
        readers = Array(repeating: [], count: graph.nodes.count)
        isConstant = GraphIndex(graph).isConstant
        for (index, node) in graph.nodes.enumerated() {
            for (port, input) in node.inputs.enumerated() { readers[input.node].append((index, port)) }
        }
        var roots: [Int] = []
        for (index, node) in graph.nodes.enumerated() where !isConstant[index] {
            guard let port = weightPort(node, embeddings) else { continue }
            lastOperation = index
            let (root, reason) = origin(of: node.inputs[port])
            guard let root, reason == nil else {
                skipped.append(.init(operation: node.name, reason: reason ?? .computed))
                continue
            }
            if !roots.contains(root) { roots.append(root) }
        }
        for root in roots { add(root, embeddings, ignored) }
        sites.sort { $0.users[0] < $1.users[0] }
    }

    /// The input port of weights: a constant input beside one that is not constant.
    private func weightPort(_ node: Node, _ embeddings: Bool) -> Int? {
        let port: Int
        switch node.type {
        case "MatMul" where node.inputs.count == 2: port = isConstant[node.inputs[0].node] ? 0 : 1
        case "Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData":
            guard node.inputs.count >= 2 else { return nil }
            port = 1
        case "Gather" where embeddings && node.inputs.count >= 2 && !isConstant[node.inputs[1].node]: port = 0
        default: return nil
        }
        let value = node.inputs[port]
        // Integer tables are looked up, not multiplied.
        guard isConstant[value.node], value.elementType.isFloatingPoint else { return nil }
        return port
    }

    /// The constant behind Converts and Reshapes, or the reason that it can't be compressed.
    private func origin(of value: Value) -> (Int?, WeightCompressionReport.Skipped.Reason?) {
        var index = value.node
        while graph.nodes[index].type == "Convert" || graph.nodes[index].type == "Reshape" {
            index = graph.nodes[index].inputs[0].node
        }
        let node = graph.nodes[index]
        switch node.type {
        case "Const":
            let type = node.outputs[0].elementType
            switch type {
            case .f32, .f16, .bf16: return (index, nil)
            case .f64: return (nil, .elementType(type))
            default: return (nil, .alreadyCompressed(type))
            }
        case "FakeQuantize": return (nil, .fakeQuantized)
        default:
            var below = index
            while ["Multiply", "Subtract", "Convert", "Reshape", "Transpose"].contains(graph.nodes[below].type) {
                below = graph.nodes[below].inputs[0].node
            }
            let stored = graph.nodes[below].outputs.first?.elementType ?? .dynamic
            let isSmall = graph.nodes[below].type == "Const" && (stored.bitWidth ?? 64) <= 8
            return (nil, isSmall ? .alreadyCompressed(stored) : .computed)
        }
    }

    // MARK: Uses

    private mutating func add(_ root: Int, _ embeddings: Bool, _ ignored: Set<Int>) {
        var uses: [(value: Value, node: Int, port: Int)] = []
        var steps: Set<Int> = []
        collect(graph.value(root), &uses, &steps)
        let users = uses.map(\.node).sorted()
        guard let first = users.first else { return }
        func skip(_ reason: WeightCompressionReport.Skipped.Reason) {
            skipped.append(.init(operation: graph.nodes[first].name, reason: reason))
        }
        // Ignored weights stay in full precision even if other operations share them.
        let isIgnored = ignored.contains(root) || users.contains(where: ignored.contains)
        var layout: WeightLayout?
        for use in uses {
            let node = graph.nodes[use.node]
            guard !isConstant[use.node], weightPort(node, embeddings) == use.port else {
                return skip(isIgnored ? .ignored : .otherUse(node.type))
            }
            guard let found = weightLayout(node, use.port, use.value) else { return skip(isIgnored ? .ignored : .form) }
            if let layout, layout != found { return skip(isIgnored ? .ignored : .otherUse(node.type)) }
            layout = found
        }
        guard let layout else { return }
        var ends: [Value] = []
        for use in uses where !ends.contains(use.value) { ends.append(use.value) }
        for step in steps {
            for input in graph.nodes[step].inputs.dropFirst() where readers[input.node].allSatisfy({ steps.contains($0.node) }) {
                if graph.nodes[input.node].type == "Const" { steps.insert(input.node) }
            }
        }
        let site = WeightSite(constant: root, layout: layout, ends: ends, users: users, steps: steps)
        guard isIgnored else { return sites.append(site) }
        self.ignored.append(site)
        skip(.ignored)
    }

    private func collect(_ value: Value, _ uses: inout [(value: Value, node: Int, port: Int)], _ steps: inout Set<Int>) {
        for (index, port) in readers[value.node] {
            let node = graph.nodes[index]
            let isStep = node.type == "Convert" || (node.type == "Reshape" && isConstant[index])
            if isStep, port == 0, node.outputs[0].shape.fixed != nil {
                steps.insert(index)
                collect(graph.value(index), &uses, &steps)
            } else {
                uses.append((value, index, port))
            }
        }
    }

    /// Whether a value is a constant zero, as the axis that rows are picked along.
    private func isZero(_ value: Value?) -> Bool {
        guard let value, let data = graph.nodes[value.node].constant else { return false }
        return data.withUnsafeBytes { $0.allSatisfy { $0 == 0 } }
    }

    private func weightLayout(_ node: Node, _ port: Int, _ value: Value) -> WeightLayout? {
        guard let shape = value.shape.fixed, shape.rank >= 2, shape.checkedElementCount ?? 0 > 0 else { return nil }
        let rank = shape.rank
        switch node.type {
        case "MatMul":
            let isTransposed = node.flag(port == 0 ? "transpose_a" : "transpose_b")
            let axis = (port == 1) == isTransposed ? rank - 1 : rank - 2
            return WeightLayout(shape: shape, reducedAxes: axis..<axis + 1)
        case "Convolution": return WeightLayout(shape: shape, reducedAxes: 1..<rank)
        case "GroupConvolution" where rank > 2: return WeightLayout(shape: shape, reducedAxes: 2..<rank)
        case "Gather" where isZero(node.inputs.dropFirst(2).first) && node.integer("batch_dims") ?? 0 == 0:
            return WeightLayout(shape: shape, reducedAxes: 1..<rank)
        // Transposed convolutions sum over axes that are not adjacent.
        default: return nil
        }
    }
}

/// The axes of a weight tensor that its operation sums over. Each position on the remaining axes is an output channel with a
/// scale of its own.
///
/// The tensor is treated as `[outer, depth, inner]`. The operation sums over a contiguous run of axes, `depth`. Channels lie
/// before it (`outer`: linear layers and convolutions in torch's layout) or after it (`inner`: products with weights that are not
/// transposed).
public struct WeightLayout: Sendable, Hashable {
    public let shape: Shape
    /// The axes that are summed over; not empty.
    public let reducedAxes: Range<Int>

    /// - Precondition: `reducedAxes` are axes of `shape`.
    public init(shape: Shape, reducedAxes: Range<Int>) {
        precondition(!reducedAxes.isEmpty && reducedAxes.lowerBound >= 0 && reducedAxes.upperBound <= shape.rank)
        self.shape = shape
        self.reducedAxes = reducedAxes
    }

    var outer: Int { shape[..<reducedAxes.lowerBound].reduce(1, *) }
    /// The number of weights per output channel.
    public var depth: Int { shape[reducedAxes].reduce(1, *) }
    var inner: Int { shape[reducedAxes.upperBound...].reduce(1, *) }
    public var elementCount: Int { outer * depth * inner }
    /// The number of output channels.
    public var channels: Int { outer * inner }
    /// The number of input channels: the size of the first reduced axis. The other reduced axes are positions in a convolution's
    /// kernel.
    public var inputChannels: Int { shape[reducedAxes.lowerBound] }

    /// The shape of the stored constant. With groups, the reduced axis is split in two.
    func storedShape(groupSize: Int?) -> Shape {
        guard let groupSize else { return shape }
        return Shape(
            Array(shape[..<reducedAxes.lowerBound]) + [depth / groupSize, groupSize] + Array(shape[reducedAxes.upperBound...]))
    }

    /// The shape of scales and zero points, which broadcast against the stored constant.
    func scaleShape(groupSize: Int?) -> Shape {
        guard let groupSize else {
            return Shape(shape.indices.map { reducedAxes.contains($0) ? 1 : shape[$0] })
        }
        return Shape(Array(shape[..<reducedAxes.lowerBound]) + [depth / groupSize, 1] + Array(shape[reducedAxes.upperBound...]))
    }
}

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
