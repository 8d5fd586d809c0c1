import TensorStore

extension Graph {
    /// Elementwise `a` ≥ `b`, with NumPy broadcasting (GreaterEqual, opset1).
    public mutating func greaterEqual(_ a: Value, _ b: Value) throws(GraphError) -> Value {
        guard a.elementType == b.elementType, a.elementType != .boolean, a.elementType != .string,
            let shape = PartialShape.broadcast(a.shape, b.shape)
        else {
            throw refusal("GreaterEqual", [a, b], "both operands must be numbers of one type and broadcast against each other")
        }
        return append(
            "GreaterEqual", attributes: [.init("auto_broadcast", "numpy")], inputs: [a, b], elementType: .boolean, shape: shape)
    }

    /// Elements of `a` if `condition` holds, of `b` otherwise, with NumPy broadcasting (Select, opset1).
    public mutating func select(
        _ condition: Value, _ a: Value, _ b: Value, name: String? = nil
    ) throws(GraphError) -> Value {
        guard condition.elementType == .boolean, a.elementType == b.elementType else {
            throw refusal(
                "Select", [condition, a, b], "the condition must be boolean, the other operands of one type", name: name)
        }
        guard let pair = PartialShape.broadcast(a.shape, b.shape), let shape = PartialShape.broadcast(condition.shape, pair)
        else {
            throw refusal("Select", [condition, a, b], "the operands must broadcast against each other", name: name)
        }
        return append(
            "Select", name: name, attributes: [.init("auto_broadcast", "numpy")], inputs: [condition, a, b],
            elementType: a.elementType, shape: shape)
    }
}
