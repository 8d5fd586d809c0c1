public import TensorStore

extension Graph {
    /// A model input (Parameter, opset1).
    /// - Parameter name: the node's name and its tensor's name, by which requests set it.
    public mutating func parameter(_ name: String, _ elementType: ElementType, _ shape: PartialShape) -> Value {
        var node = Node(name: name, type: "Parameter", opset: "opset1")
        node.attributes = [.init("shape", shape.irDescription), .init("element_type", elementType.rawValue)]
        node.outputs = [.init(elementType: elementType, shape: shape, names: [name])]
        return appendValue(node)
    }

    /// A model output (Result, opset1). The tensor gets `name`, by which requests read it.
    public mutating func result(_ value: Value, name: String) {
        if !nodes[value.node].outputs[value.port].names.contains(name) {
            nodes[value.node].outputs[value.port].names.append(name)
        }
        append(Node(name: "\(name)/sink", type: "Result", opset: "opset1", inputs: [value]))
    }

    // MARK: Constants

    /// A constant with bytes of its own.
    public mutating func constant<Element: TensorElement>(_ elements: [Element], shape: Shape, name: String? = nil) -> Value {
        precondition(elements.count == shape.checkedElementCount, "\(elements.count) elements do not fill \(shape)")
        return constant(.bytes(elements.withUnsafeBytes(Array.init)), Element.elementType, shape, name: name)
    }

    /// An f32 constant with one element and no axes.
    public mutating func scalar(_ value: Float, name: String? = nil) -> Value { constant([value], shape: [], name: name) }

    /// A vector of i64, the form of shapes, orders and axes.
    public mutating func integers(_ values: [Int], name: String? = nil) -> Value {
        constant(values.map(Int64.init), shape: [values.count], name: name)
    }

    /// A constant over bytes that may belong to a mapped file (Const, opset1).
    /// - Precondition: the byte count of `data` matches type and shape.
    public mutating func constant(_ data: ConstantData, _ elementType: ElementType, _ shape: Shape, name: String? = nil) -> Value
    {
        precondition(
            shape.checkedElementCount.flatMap { elementType.byteCount(of: $0) } == data.byteCount,
            "\(data.byteCount) bytes do not fill \(elementType) \(shape)")
        var node = Node(name: name ?? nodeName("Const"), type: "Const", opset: "opset1", constant: data)
        node.attributes = [
            .init("element_type", elementType.rawValue), .init("shape", shape.map(String.init).joined(separator: ", ")),
        ]
        node.outputs = [.init(elementType: elementType, shape: PartialShape(shape))]
        return appendValue(node)
    }

    /// Weights in the type that the network computes with: f32 stays, other floating-point types are converted at compile time.
    ///
    /// The Convert is marked as decompression, so that the runtime may keep the smaller type if it can compute with it.
    public mutating func weights(_ data: ConstantData, _ elementType: ElementType, _ shape: Shape, name: String) -> Value {
        let stored = constant(data, elementType, shape, name: name)
        guard elementType != .f32 else { return stored }
        let converted = convert(stored, to: .f32, name: "\(name)/decompressed")
        nodes[converted.node].runtimeInfo = [XMLElement("attribute", ["name": "decompression", "version": "0"])]
        return converted
    }

    /// Converts every element to `elementType` (Convert, opset1).
    public mutating func convert(_ value: Value, to elementType: ElementType, name: String? = nil) -> Value {
        append(
            "Convert", name: name, attributes: [.init("destination_type", elementType.rawValue)], inputs: [value],
            elementType: elementType, shape: value.shape)
    }
}
