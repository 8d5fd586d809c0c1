import TensorStore

/// A `<layer>` before its inputs are connected.
struct IRLayer {
    /// The output that an input is connected to.
    struct Source {
        let layer: Int
        /// Index among the layer's outputs.
        let output: Int
    }

    let id: Int
    private(set) var node: Node
    /// The ids of the ports, in order.
    private(set) var inputPorts: [String] = []
    private(set) var outputPorts: [String] = []
    var sources: [Source?]

    init(_ element: XMLElement, reader: IRReader) throws(GraphError) {
        let name = element["name"] ?? "?"
        guard let id = element["id"].flatMap({ Int($0) }), let type = element["type"], let opset = element["version"],
            element["name"] != nil
        else { throw reader.fault("a layer needs id (a number), name, type and version", name) }
        self.id = id
        node = Node(name: name, type: type, opset: opset)
        node.layerAttributes = element.attributes.filter { !["id", "name", "type", "version"].contains($0.name) }
        node.attributes = element.child("data")?.attributes ?? []
        for child in element.children {
            switch child.name {
            case "data": break
            case "rt_info":
                node.runtimeInfo = child.children.filter { !ChannelSmoothing.isAnnotation($0) }
                guard let annotation = child.children.first(where: ChannelSmoothing.isAnnotation) else { break }
                node.smoothing = ChannelSmoothing(annotation)
                if node.smoothing == nil { throw reader.fault("its smoothing factors are not numbers separated by commas", name) }
            case "input":
                for (place, port) in child.children("port").enumerated() {
                    inputPorts.append(port["id"] ?? "")
                    if let info = port.child("rt_info") { node.inputInfo[place] = info.children }
                }
            case "output":
                for port in child.children("port") {
                    outputPorts.append(port["id"] ?? "")
                    node.outputs.append(try reader.output(port, of: name))
                }
            default:
                node.bodies.append(child)
                node.bodyWeights = reader.weights
            }
        }
        sources = Array(repeating: nil, count: inputPorts.count)
        guard Set(inputPorts).count == inputPorts.count, Set(outputPorts).count == outputPorts.count else {
            throw reader.fault("two of its ports have one id, or none", name)
        }
        try reader.check(element)
        try reader.complete(&node, inputCount: inputPorts.count)
    }
}

extension IRReader {
    /// Checks the layer and its bodies for content that would crash the runtime or that the runtime would misread.
    func check(_ element: XMLElement) throws(GraphError) {
        if element.name == "layer", let type = element["type"] {
            let data = element.child("data")
            let name = element["name"] ?? "?"
            if type == "ReadValue" || type == "Assign", (data?["variable_id"] ?? "").isEmpty {
                throw fault("\(type) has no variable_id", name)
            }
            if type == "Parameter", data?["shape"] == nil || data?["element_type"] == nil {
                throw fault("a Parameter needs shape and element_type", name)
            }
            if isConstant(type) { _ = try constant(data, of: name) }
        }
        for child in element.children { try check(child) }
    }

    /// The bytes of a constant in the weights file, with element type and shape.
    private func constant(
        _ data: XMLElement?, of name: String
    ) throws(GraphError) -> (data: ConstantData, elementType: ElementType, shape: Shape) {
        guard let data, let offsetText = data["offset"], let sizeText = data["size"], let typeName = data["element_type"],
            let shapeText = data["shape"]
        else { throw fault("a constant needs element_type, shape, offset and size", name) }
        guard let offset = Int(offsetText), let size = Int(sizeText), offset >= 0, size >= 0 else {
            throw fault("offset '\(offsetText)' and size '\(sizeText)' must be numbers of bytes", name)
        }
        guard let type = ElementType(rawValue: typeName) else { throw fault("the element type '\(typeName)' is not known", name) }
        guard let shape = PartialShape(irDescription: shapeText)?.fixed, let count = shape.checkedElementCount else {
            throw fault("'\(shapeText)' is not a shape of a constant", name)
        }
        guard let weights else { throw fault("the model has constants, but there is no weights file beside it", name) }
        let (end, overflow) = offset.addingReportingOverflow(size)
        guard !overflow, end <= weights.byteCount else {
            let kind = FileKind(weights)
            throw fault(
                "its \(size) bytes from \(offset) on lie outside of the \(weights.byteCount) bytes of \(weights.path)"
                    + (kind.isPlaceholder ? "; \(kind.explanation)" : ""), name)
        }
        // Strings take more than a byte each.
        guard let needed = type.bitWidth == nil ? count : type.byteCount(of: count), size >= needed else {
            throw fault("\(type) \(shape) takes more than the \(size) bytes that the file gives it", name)
        }
        return (.file(weights, offset: offset, byteCount: size), type, shape)
    }

    func output(_ port: XMLElement, of name: String) throws(GraphError) -> Node.Output {
        guard let word = port["precision"], let type = ElementType(irPrecision: word) else {
            throw fault("the output precision '\(port["precision"] ?? "")' is not known", name)
        }
        var dimensions: [Dimension] = []
        for dimension in port.children("dim") {
            guard let size = Int(dimension.text), size >= -1 else {
                throw fault("'\(dimension.text)' is not the size of an axis", name)
            }
            dimensions.append(size < 0 ? .any : .fixed(size))
        }
        return Node.Output(
            elementType: type, shape: try checked(dimensions.isEmpty ? .any : PartialShape(dimensions), of: name),
            names: port["names"].map(tensorNames) ?? [], runtimeInfo: port.child("rt_info")?.children ?? [])
    }

    /// A shape that arithmetic may be done with: axes of less than 2³¹, and a product of the known ones that `Int` holds.
    private func checked(_ shape: PartialShape, of name: String) throws(GraphError) -> PartialShape {
        let known = Shape((shape.dimensions ?? []).compactMap(\.fixedValue))
        guard known.allSatisfy({ $0 <= Int(Int32.max) }), known.checkedElementCount != nil else {
            throw fault("no tensor can have the shape \(shape)", name)
        }
        return shape
    }

    /// Sets the types and shapes that attributes give instead of ports, and checks the port counts that this module relies on.
    func complete(_ node: inout Node, inputCount: Int) throws(GraphError) {
        if node.isConstant {
            var attributes = XMLElement("data")
            attributes.attributes = node.attributes
            let constant = try constant(attributes, of: node.name)
            guard inputCount == 0, node.outputs.count == 1 else {
                throw fault("a constant has no input and one output", node.name)
            }
            node.constant = constant.data
            node.outputs[0].elementType = constant.elementType
            node.outputs[0].shape = try checked(PartialShape(constant.shape), of: node.name)
            node[attribute: "offset"] = nil
            node[attribute: "size"] = nil
        }
        if node.type == "Parameter", let typeName = node[attribute: "element_type"], let shapeText = node[attribute: "shape"] {
            guard let type = ElementType(rawValue: typeName) else {
                throw fault("the element type '\(typeName)' is not known", node.name)
            }
            guard let shape = PartialShape(irDescription: shapeText) else {
                throw fault("'\(shapeText)' is not a shape", node.name)
            }
            guard inputCount == 0, node.outputs.count == 1 else {
                throw fault("a Parameter has no input and one output", node.name)
            }
            node.outputs[0].elementType = type
            node.outputs[0].shape = try checked(shape, of: node.name)
        }
        if node.type == "Result", inputCount != 1 { throw fault("a Result has one input", node.name) }
    }
}
