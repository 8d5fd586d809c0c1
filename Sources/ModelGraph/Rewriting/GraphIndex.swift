/// The readers of each value of a graph, and which nodes are constant. It is made once for a graph that a pass looks at.
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
