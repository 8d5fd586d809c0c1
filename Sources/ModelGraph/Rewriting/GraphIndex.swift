import TensorStore

/// Says which nodes use each value of a graph, and which nodes are constant. A pass makes it once, before it examines the graph.
public struct GraphIndex: Sendable {
    /// Every use of each value that is read, in the graph's order.
    public let uses: [Value: [Graph.Use]]
    /// Whether each node computes from constants alone, so that the runtime folds it when it compiles. Nodes with state, with
    /// random numbers or with bodies are not constant.
    public let isConstant: [Bool]
    /// Whether each node is a `ShapeOf`, which reads no elements.
    private let isShapeOf: [Bool]

    public init(_ graph: Graph) {
        var uses: [Value: [Graph.Use]] = [:]
        var isConstant: [Bool] = []
        isConstant.reserveCapacity(graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            for (port, input) in node.inputs.enumerated() {
                uses[input, default: []].append(Graph.Use(node: index, port: port))
            }
            let folds = !node.inputs.isEmpty && node.type != "ReadValue" && !node.type.hasPrefix("Random")
            isConstant.append(
                node.bodies.isEmpty && (node.isConstant || folds && node.inputs.allSatisfy { isConstant[$0.node] }))
        }
        (self.uses, self.isConstant) = (uses, isConstant)
        isShapeOf = graph.nodes.map { $0.type == "ShapeOf" }
    }

    /// Uses of a value's elements. `ShapeOf` reads no elements and is left out.
    public func readers(of value: Value) -> [Graph.Use] { (uses[value] ?? []).filter { !isShapeOf[$0.node] } }

    /// The use of a value's elements; nil where there are none or several.
    public func onlyReader(of value: Value) -> Graph.Use? {
        let readers = readers(of: value)
        return readers.count == 1 ? readers[0] : nil
    }

    /// The use of a value, `ShapeOf` included; nil where there are none or several.
    public func onlyUse(of value: Value) -> Graph.Use? {
        guard let uses = uses[value], uses.count == 1 else { return nil }
        return uses[0]
    }
}

extension Graph {
    /// The elements of a floating-point constant, row-major in the value's shape.
    ///
    /// The constant is f32, f16 or bf16, and may stand behind `Convert`, `Reshape`, `Squeeze` and `Unsqueeze`.
    /// - Returns: nil for any other value.
    public func constantFloats(_ value: Value) -> [Float]? {
        var index = value.node
        while ["Convert", "Reshape", "Unsqueeze", "Squeeze"].contains(nodes[index].type) { index = nodes[index].inputs[0].node }
        let node = nodes[index]
        guard let data = node.constant, let type = node.outputs.first?.elementType, type.isFloatingPoint,
            let count = value.shape.fixed?.checkedElementCount, type.byteCount(of: count) == data.byteCount
        else { return nil }
        return data.withUnsafeBytes { bytes in
            switch type {
            case .f32: (0..<count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            case .f16:
                (0..<count).map { HalfPrecision.float(f16: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }
            case .bf16:
                (0..<count).map { HalfPrecision.float(bf16: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }
            default: nil
            }
        }
    }

    /// The elements of an i64 or i32 constant, row-major; nil for any other value.
    public func constantIntegers(_ value: Value) -> [Int]? {
        guard let data = nodes[value.node].constant, let count = value.shape.fixed?.checkedElementCount,
            value.elementType.byteCount(of: count) == data.byteCount
        else { return nil }
        return data.withUnsafeBytes { bytes in
            switch value.elementType {
            case .i64: (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
            case .i32: (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)) }
            default: nil
            }
        }
    }
}
