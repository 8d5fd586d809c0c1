public import TensorStore

/// Writes graphs as IR version 11, the XML that OpenVINO reads.
struct IRWriter {
    /// Returns the offset of a constant's bytes in the weights of the text.
    typealias Place = (_ constant: ConstantData) throws(GraphError) -> Int

    private let graph: Graph
    private let place: Place

    /// The text of `graph`. `place` gives the offsets of its constants and is called in the order of the nodes.
    /// - Throws: `GraphError.structure` if the graph has no output; errors of `place`.
    static func text(of graph: Graph, place: @escaping Place) throws(GraphError) -> String {
        let writer = IRWriter(graph: graph, place: place)
        var xml = XMLWriter()
        xml.start("net", [.init("name", graph.name), .init("version", "11")])
        guard graph.nodes.contains(where: { $0.type == "Result" || $0.type == "Assign" }) else {
            throw .structure(node: graph.name, reason: "the graph has no output; end it with a Result")
        }
        xml.start("layers")
        for index in graph.nodes.indices { try writer.layer(index, to: &xml) }
        xml.end()
        writer.edges(to: &xml)
        if let info = graph.runtimeInfo { xml.element(info) }
        xml.end()
        return xml.text
    }

    private func layer(_ index: Int, to xml: inout XMLWriter) throws(GraphError) {
        let node = graph.nodes[index]
        xml.start(
            "layer",
            [.init("id", "\(index)"), .init("name", node.name), .init("type", node.type), .init("version", node.opset)]
                + node.layerAttributes)
        var attributes = node.attributes
        if node.isConstant, node.constant == nil { throw .structure(node: node.name, reason: "a constant needs its bytes") }
        if let constant = node.constant {
            attributes += [.init("offset", "\(try place(constant))"), .init("size", "\(constant.byteCount)")]
        }
        if !attributes.isEmpty { xml.element("data", attributes) }
        let info = node.runtimeInfo + (node.smoothing.map { [$0.element] } ?? [])
        if !info.isEmpty { runtimeInfo(info, to: &xml) }
        if !node.inputs.isEmpty {
            xml.start("input")
            for (port, input) in node.inputs.enumerated() {
                let type = Node.Output(
                    elementType: input.elementType, shape: input.shape, runtimeInfo: node.inputInfo[port] ?? [])
                try self.port(port, type, of: node, to: &xml)
            }
            xml.end()
        }
        if !node.outputs.isEmpty {
            xml.start("output")
            for (port, output) in node.outputs.enumerated() {
                try self.port(port + node.inputs.count, output, of: node, to: &xml)
            }
            xml.end()
        }
        for body in node.bodies { xml.element(try relocated(body, from: node)) }
        xml.end()
    }

    private func port(_ id: Int, _ output: Node.Output, of node: Node, to xml: inout XMLWriter) throws(GraphError) {
        var attributes: [Node.Attribute] = [.init("id", "\(id)"), .init("precision", output.elementType.irPrecision)]
        if !output.names.isEmpty {
            guard let names = irNames(output.names) else {
                throw .structure(
                    node: node.name,
                    reason: "IR can't hold a tensor name that ends in a backslash before another: \(output.names)")
            }
            attributes.append(.init("names", names))
        }
        let dimensions = output.shape.dimensions ?? []
        guard !dimensions.isEmpty || !output.runtimeInfo.isEmpty else {
            xml.element("port", attributes)
            return
        }
        xml.start("port", attributes)
        for dimension in dimensions { xml.element("dim", text: "\(dimension.fixedValue ?? -1)") }
        if !output.runtimeInfo.isEmpty { runtimeInfo(output.runtimeInfo, to: &xml) }
        xml.end()
    }

    private func runtimeInfo(_ children: [XMLElement], to xml: inout XMLWriter) {
        xml.start("rt_info")
        for child in children { xml.element(child) }
        xml.end()
    }

    private func edges(to xml: inout XMLWriter) {
        xml.start("edges")
        for (index, node) in graph.nodes.enumerated() {
            for (port, input) in node.inputs.enumerated() {
                xml.element(
                    "edge",
                    [
                        .init("from-layer", "\(input.node)"),
                        .init("from-port", "\(graph.nodes[input.node].inputs.count + input.port)"),
                        .init("to-layer", "\(index)"), .init("to-port", "\(port)"),
                    ])
            }
        }
        xml.end()
    }

    /// The body of a `Loop` or `If`, whose constants get their offsets in the weights that are written.
    private func relocated(_ element: XMLElement, from node: Node) throws(GraphError) -> XMLElement {
        var element = element
        if element.name == "layer", element["type"].map(isConstant) == true,
            let data = element.children.firstIndex(where: { $0.name == "data" }),
            let offset = element.children[data]["offset"].flatMap({ Int($0) }),
            let size = element.children[data]["size"].flatMap({ Int($0) })
        {
            guard let file = node.bodyWeights else {
                throw .structure(node: node.name, reason: "constants in its bodies lie in no file")
            }
            let moved = try place(.file(file, offset: offset, byteCount: size))
            for index in element.children[data].attributes.indices where element.children[data].attributes[index].name == "offset"
            {
                element.children[data].attributes[index].value = "\(moved)"
            }
            return element
        }
        for index in element.children.indices { element.children[index] = try relocated(element.children[index], from: node) }
        return element
    }
}

/// Whether an operation type of IR is a constant. IR accepts two spellings.
func isConstant(_ type: String) -> Bool { type == "Const" || type == "Constant" }

/// A graph in the form that the runtime reads: IR text and, in one address range, the bytes that its constants refer to.
public struct SerializedModel: Sendable {
    /// IR version 11.
    public let xml: String
    /// The mapped files of the graph's constants at adjacent addresses, followed by the constants that are in memory.
    public let weights: WeightSpace

    /// The weights as one tensor of bytes, which keeps the files mapped.
    public func weightsTensor() throws(TensorError) -> Tensor {
        try Tensor(borrowing: weights.bytes, owner: weights, shape: [weights.bytes.count], of: .u8)
    }
}

extension Graph {
    /// The graph as IR over its mapped files. No byte of the files is read or copied.
    ///
    /// - Throws: `GraphError.structure` if the graph has no output; `FileError` if a file has changed since it was mapped or
    ///   can't be mapped again.
    public func serialized() throws -> SerializedModel {
        var files: [MappedFile] = []
        var inline: [UInt8] = []
        for node in nodes {
            switch node.constant {
            case .bytes(let bytes): inline.appendAligned(bytes)
            case .file(let file, _, _): files.appendOnce(file)
            case nil: if let file = node.bodyWeights { files.appendOnce(file) }
            }
        }
        let weights = try WeightSpace(files: files, inline: inline)
        var inlineOffset = weights.inlineOffset
        let xml = try IRWriter.text(of: self) { constant in
            switch constant {
            case .file(let file, let offset, _): return weights.offset(of: file) + offset
            case .bytes(let bytes):
                defer { inlineOffset += bytes.count.roundedUpToAlignment }
                return inlineOffset
            }
        }
        return SerializedModel(xml: xml, weights: weights)
    }
}

extension Array where Element == UInt8 {
    /// Appends `bytes` so that the next ones start at a multiple of the alignment of the widest element.
    fileprivate mutating func appendAligned(_ bytes: [UInt8]) {
        append(contentsOf: bytes)
        append(contentsOf: repeatElement(0, count: bytes.count.roundedUpToAlignment - bytes.count))
    }
}

extension Array where Element == MappedFile {
    fileprivate mutating func appendOnce(_ file: MappedFile) {
        if !contains(where: { $0 === file }) { append(file) }
    }
}

extension Int {
    fileprivate var roundedUpToAlignment: Int { (self + 7) & ~7 }
}
