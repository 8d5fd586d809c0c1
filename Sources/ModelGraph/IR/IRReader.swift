public import TensorStore

/// Reads IR files, versions 10 and 11, made by OpenVINO's own tools or by others.
///
/// Every operation is taken as the file has it, known to us or not: type, opset, attributes, ports with their shapes,
/// `<rt_info>`, bodies. What would crash the runtime or silently mean something else is refused here.
public struct IRReader {
    private let file: String
    private let weights: MappedFile?

    /// Reads the IR file at `path` and, for its constants, `weights` (by default the `.bin` beside it).
    /// - Throws: `FileError`, or `GraphError.ir` with the layer at fault.
    public static func read(path: String, weightsPath: String? = nil) throws -> Graph {
        let text = try MappedFile(path: path)
        let stem = path.hasSuffix(".xml") ? String(path.dropLast(4)) : path
        let weights = try weightsPath.map { try MappedFile(path: $0) } ?? optionalFile(stem + ".bin")
        return try text.withUnsafeBytes { bytes in try read(bytes, file: path, weights: weights) }
    }

    /// A model without constants may have no weights file; one that needs it is refused at its first constant.
    private static func optionalFile(_ path: String) throws(FileError) -> MappedFile? {
        do {
            return try MappedFile(path: path)
        } catch {
            if case .missing = error { return nil }
            throw error
        }
    }

    /// Reads IR text.
    /// - Parameters:
    ///   - file: what errors call the text.
    ///   - weights: the file that constants refer to.
    public static func read(_ text: UnsafeRawBufferPointer, file: String, weights: MappedFile?) throws(GraphError) -> Graph {
        let root: XMLElement
        do {
            root = try parseXML(text)
        } catch {
            throw .ir(file: file, layer: nil, reason: "line \(error.line): \(error.reason)")
        }
        return try IRReader(file: file, weights: weights).graph(root)
    }

    private func graph(_ net: XMLElement) throws(GraphError) -> Graph {
        guard net.name == "net", ["10", "11"].contains(net["version"] ?? "") else {
            throw fault("this is not OpenVINO IR version 10 or 11 (root <\(net.name)>, version \(net["version"] ?? "none"))")
        }
        var layers: [Int: Layer] = [:]
        var order: [Int] = []
        for element in net.child("layers")?.children ?? [] where element.name == "layer" {
            let layer = try Layer(element, reader: self)
            guard layers.updateValue(layer, forKey: layer.id) == nil else { throw fault("two layers have the id \(layer.id)") }
            order.append(layer.id)
        }
        for element in net.child("edges")?.children ?? [] where element.name == "edge" {
            guard let from = element["from-layer"].flatMap({ Int($0) }), let fromPort = element["from-port"],
                let to = element["to-layer"].flatMap({ Int($0) }), let toPort = element["to-port"], let source = layers[from],
                let output = source.outputPorts.firstIndex(of: fromPort), let input = layers[to]?.inputPorts.firstIndex(of: toPort)
            else { throw fault("the edge \(element.attributes.map { "\($0.name)=\($0.value)" }.joined(separator: " ")) leads nowhere") }
            layers[to]?.sources[input] = (from, output)
        }
        guard layers.values.contains(where: { $0.node.type == "Result" || $0.node.type == "Assign" }) else {
            throw fault("the model has no output")
        }

        var graph = Graph(name: net["name"] ?? "model")
        graph.runtimeInfo = net.child("rt_info")
        var indices: [Int: Int] = [:]
        for id in try topologicalOrder(order, layers) {
            guard let layer = layers[id] else { continue }
            var node = layer.node
            node.inputs = layer.sources.compactMap { source in
                source.flatMap { source in indices[source.layer].map { graph.value($0, port: source.output) } }
            }
            indices[id] = graph.append(node)
        }
        return graph
    }

    /// The file's order as far as every layer can follow what it reads; inputs first and outputs last, in the file's order.
    private func topologicalOrder(_ order: [Int], _ layers: [Int: Layer]) throws(GraphError) -> [Int] {
        func type(_ id: Int) -> String { layers[id]?.node.type ?? "" }
        let inputs = order.filter { type($0) == "Parameter" }
        let outputs = order.filter { type($0) == "Result" }
        var sorted: [Int] = []
        var state: [Int: Bool] = [:]  // false while a layer's inputs are being placed, true when it is placed
        for root in inputs + order.filter({ type($0) != "Result" }) + outputs where state[root] == nil {
            var stack = [root]
            while let id = stack.last {
                guard let layer = layers[id], state[id] != true else {
                    stack.removeLast()
                    continue
                }
                if let missing = layer.sources.firstIndex(where: { $0 == nil }) {
                    throw fault("input \(missing) is not connected", layer.node.name)
                }
                let waiting = layer.sources.compactMap { $0?.layer }.filter { state[$0] != true }
                if waiting.isEmpty {
                    state[id] = true
                    sorted.append(id)
                    stack.removeLast()
                } else if state[id] == false {
                    throw fault("the layer reads what it computes itself", layer.node.name)
                } else {
                    state[id] = false
                    stack += waiting.reversed()
                }
            }
        }
        return sorted
    }

    fileprivate func fault(_ reason: String, _ layer: String? = nil) -> GraphError { .ir(file: file, layer: layer, reason: reason) }
}

/// One `<layer>`, before it is connected.
private struct Layer {
    let id: Int
    var node: Node
    var inputPorts: [String] = []
    var outputPorts: [String] = []
    var sources: [(layer: Int, output: Int)?]

    init(_ element: XMLElement, reader: IRReader) throws(GraphError) {
        let name = element["name"] ?? "?"
        guard let id = element["id"].flatMap({ Int($0) }), let type = element["type"], let opset = element["version"],
            element["name"] != nil
        else { throw reader.fault("a layer needs id, name, type and version", name) }
        self.id = id
        node = Node(name: name, type: type, opset: opset)
        node.layerAttributes = element.attributes.filter { !["id", "name", "type", "version"].contains($0.name) }
        node.attributes = element.child("data")?.attributes ?? []
        for child in element.children {
            switch child.name {
            case "data": break
            case "rt_info": node.runtimeInfo = child.children
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
                node.bodyWeights = reader.bodyWeights
            }
        }
        sources = Array(repeating: nil, count: inputPorts.count)
        try reader.check(element)
        try reader.complete(&node)
    }
}

extension IRReader {
    fileprivate var bodyWeights: MappedFile? { weights }

    /// What the runtime would not survive, or would take for something else, in this layer and in its bodies.
    fileprivate func check(_ element: XMLElement) throws(GraphError) {
        if element.name == "layer", let type = element["type"] {
            let data = element.child("data")
            let name = element["name"] ?? "?"
            if type == "ReadValue" || type == "Assign", data?["variable_id"] == nil {
                throw fault("\(type) has no variable_id", name)
            }
            if type == "Parameter", data?["shape"] == nil || data?["element_type"] == nil {
                throw fault("a Parameter needs shape and element_type", name)
            }
            if isConstant(type) { _ = try constantRange(data, of: name) }
        }
        for child in element.children { try check(child) }
    }

    /// The bytes of a constant in the weights file.
    private func constantRange(_ data: XMLElement?, of name: String) throws(GraphError) -> (offset: Int, byteCount: Int) {
        guard let data, let offset = data["offset"].flatMap({ Int($0) }), let size = data["size"].flatMap({ Int($0) }),
            let typeName = data["element_type"], let shape = data["shape"]
        else { throw fault("a constant needs element_type, shape, offset and size", name) }
        guard let type = ElementType(rawValue: typeName) else { throw fault("the element type \(typeName) is not known", name) }
        guard let weights else { throw fault("the model has constants, but there is no weights file beside it", name) }
        let (end, overflow) = offset.addingReportingOverflow(size)
        guard offset >= 0, size >= 0, !overflow, end <= weights.byteCount else {
            throw fault("its bytes \(offset)..<\(offset &+ size) lie outside of the \(weights.byteCount) bytes of \(weights.path)", name)
        }
        if type.bitWidth != nil {
            guard let dimensions = PartialShape(irDescription: shape)?.fixed, let count = dimensions.checkedElementCount,
                let needed = type.byteCount(of: count)
            else { throw fault("'\(shape)' is no shape of a constant", name) }
            guard size >= needed else { throw fault("\(type) [\(shape)] takes \(needed) bytes, the file gives it \(size)", name) }
        }
        return (offset, size)
    }

    fileprivate func output(_ port: XMLElement, of name: String) throws(GraphError) -> Node.Output {
        guard let word = port["precision"], let type = ElementType(irPrecision: word) else {
            throw fault("the output precision '\(port["precision"] ?? "")' is not known", name)
        }
        var dimensions: [Dimension] = []
        for dimension in port.children("dim") {
            guard let size = Int(dimension.text), size >= -1 else { throw fault("'\(dimension.text)' is no size of an axis", name) }
            dimensions.append(size < 0 ? .any : .fixed(size))
        }
        return Node.Output(
            elementType: type, shape: PartialShape(dimensions), names: port["names"].map(splitNames) ?? [],
            runtimeInfo: port.child("rt_info")?.children ?? [])
    }

    /// What the attributes say and the ports do not.
    fileprivate func complete(_ node: inout Node) throws(GraphError) {
        if isConstant(node.type) {
            let range = try constantRange(XMLElement(attributes: node.attributes), of: node.name)
            guard let weights else { return }
            node.constant = .file(weights, offset: range.offset, byteCount: range.byteCount)
            node[attribute: "offset"] = nil
            node[attribute: "size"] = nil
        }
        if node.type == "Parameter", let text = node[attribute: "shape"] {
            guard let shape = PartialShape(irDescription: text) else { throw fault("'\(text)' is no shape", node.name) }
            guard node.outputs.count == 1 else { throw fault("a Parameter has one output", node.name) }
            node.outputs[0].shape = shape
        }
    }
}

extension XMLElement {
    fileprivate init(attributes: [Attribute]) {
        self.init("data")
        self.attributes = attributes
    }
}

/// The names of a port: separated by commas, a comma inside of a name after a backslash.
private func splitNames(_ text: String) -> [String] {
    var names = [""]
    var escaped = false
    for character in text {
        if escaped {
            names[names.count - 1].append(character)
            escaped = false
        } else if character == "\\" {
            escaped = true
        } else if character == "," {
            names.append("")
        } else {
            names[names.count - 1].append(character)
        }
    }
    return names.filter { !$0.isEmpty }
}

extension PartialShape {
    /// Reads IR's notation: `1,3,8`, `?`, `-1`, `1..8`, `2..`, `..8`, `...`, nothing for a scalar.
    init?(irDescription text: String) {
        let text = text.filter { !$0.isWhitespace }
        if text.isEmpty {
            self.init([])
            return
        }
        if text == "..." {
            self = .any
            return
        }
        var dimensions: [Dimension] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if part == "?" || part == "-1" {
                dimensions.append(.any)
            } else if let size = Int(part), size >= 0 {
                dimensions.append(.fixed(size))
            } else if let dots = part.firstRange(of: "..") {
                let low = part[..<dots.lowerBound]
                let high = part[dots.upperBound...]
                guard let minimum = low.isEmpty ? 0 : Int(low), high.isEmpty || Int(high) != nil, minimum >= 0,
                    minimum <= Int(high) ?? .max
                else { return nil }
                dimensions.append(.dynamic(minimum: minimum, maximum: Int(high)))
            } else {
                return nil
            }
        }
        self.init(dimensions)
    }
}
