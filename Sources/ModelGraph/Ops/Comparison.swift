import TensorStore

extension Graph {
    /// Elementwise equality, with NumPy broadcasting (Equal, opset1).
    public mutating func equal(_ a: Value, _ b: Value) throws(GraphError) -> Value {
        guard a.elementType == b.elementType, let shape = PartialShape.broadcast(a.shape, b.shape) else {
            throw refusal("Equal", [a, b], "both operands must be of one type and broadcast against each other")
        }
        return append(
            "Equal", attributes: [.init("auto_broadcast", "numpy")], inputs: [a, b], elementType: .boolean, shape: shape)
    }

    /// The index of the largest element along `axis`, the first of equal ones; i64, the axis kept as 1 (TopK, opset11).
    public mutating func argMax(_ x: Value, axis: Int) throws(GraphError) -> Value {
        guard var dimensions = x.shape.dimensions, dimensions.indices.contains(axis) else {
            throw refusal("TopK", [x], "axis \(axis) must be an axis of the input")
        }
        dimensions[axis] = 1
        let one = constant([Int64(1)], shape: [])
        var node = Node(name: nodeName("TopK"), type: "TopK", opset: "opset11", inputs: [x, one])
        node.attributes = [
            .init("axis", "\(axis)"), .init("mode", "max"), .init("sort", "value"), .init("index_element_type", "i64"),
            .init("stable", "true"),
        ]
        node.outputs = [
            .init(elementType: x.elementType, shape: PartialShape(dimensions)),
            .init(elementType: .i64, shape: PartialShape(dimensions)),
        ]
        return appendValue(node, port: 1)
    }
}
