import TensorStore

extension Graph {
    /// Elementwise operations on two tensors, with NumPy broadcasting (opset1).
    public enum Binary: String, Sendable, CaseIterable {
        case add = "Add"
        case subtract = "Subtract"
        case multiply = "Multiply"
        case divide = "Divide"
        case power = "Power"
        case maximum = "Maximum"
        case minimum = "Minimum"
    }

    public mutating func binary(_ operation: Binary, _ a: Value, _ b: Value, name: String? = nil) throws(GraphError) -> Value {
        guard a.elementType == b.elementType, a.elementType != .boolean, a.elementType != .string else {
            throw refusal(operation.rawValue, [a, b], "both operands must be numbers of one type", name: name)
        }
        guard let shape = PartialShape.broadcast(a.shape, b.shape) else {
            throw refusal(operation.rawValue, [a, b], "the operands must broadcast against each other", name: name)
        }
        return append(
            operation.rawValue, name: name, attributes: [.init("auto_broadcast", "numpy")], inputs: [a, b],
            elementType: a.elementType, shape: shape)
    }

    public mutating func add(_ a: Value, _ b: Value, name: String? = nil) throws(GraphError) -> Value {
        try binary(.add, a, b, name: name)
    }
    public mutating func multiply(_ a: Value, _ b: Value, name: String? = nil) throws(GraphError) -> Value {
        try binary(.multiply, a, b, name: name)
    }
    public mutating func multiply(_ a: Value, by factor: Float) throws(GraphError) -> Value {
        try multiply(a, scalar(factor))
    }
    public mutating func add(_ a: Value, _ term: Float) throws(GraphError) -> Value { try add(a, scalar(term)) }

    /// Elementwise operations on one floating-point tensor.
    public enum Unary: String, Sendable, CaseIterable {
        case relu = "ReLU"
        case sigmoid = "Sigmoid"
        case tanh = "Tanh"
        case exp = "Exp"
        case sin = "Sin"
        case cos = "Cos"
        case sqrt = "Sqrt"
        /// x·sigmoid(x), which torch calls SiLU.
        case swish = "Swish"
        /// x·Φ(x), the exact form.
        case gelu = "Gelu"
        /// x·tanh(ln(1 + eˣ)).
        case mish = "Mish"

        var opset: Int {
            switch self {
            case .swish, .mish: 4
            case .gelu: 7
            default: 1
            }
        }
    }

    public mutating func unary(_ operation: Unary, _ x: Value, name: String? = nil) throws(GraphError) -> Value {
        guard x.elementType.isFloatingPoint else {
            throw refusal(operation.rawValue, [x], "the operand must be floating point", name: name)
        }
        return append(
            operation.rawValue, opset: operation.opset, name: name,
            attributes: operation == .gelu ? [.init("approximation_mode", "ERF")] : [], inputs: [x],
            elementType: x.elementType, shape: x.shape)
    }

    /// Clamps each element to `range` (Clamp, opset1).
    public mutating func clamp(_ x: Value, to range: ClosedRange<Float>) throws(GraphError) -> Value {
        guard x.elementType.isFloatingPoint else { throw refusal("Clamp", [x], "the operand must be floating point") }
        return append(
            "Clamp", attributes: [.init("min", "\(range.lowerBound)"), .init("max", "\(range.upperBound)")], inputs: [x],
            elementType: x.elementType, shape: x.shape)
    }
}

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
