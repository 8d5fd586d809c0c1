public import TensorStore

/// Reads IR files, versions 10 and 11, made by OpenVINO's own tools or by others.
///
/// Every operation is kept as in the file, known to this module or not: type, opset, attributes, ports with their shapes,
/// `<rt_info>`, bodies. Content that would crash the runtime or silently change its meaning is refused.
public struct IRReader {
    private let file: String
    let weights: MappedFile?

    /// Reads the IR file at `path` and, for its constants, `weights` (by default the `.bin` beside it).
    /// - Throws: `FileError`, or `GraphError.ir` with the layer at fault.
    public static func read(path: String, weightsPath: String? = nil) throws -> Graph {
        let text = try MappedFile(path: path)
        let weights = try weightsPath.map { try MappedFile(path: $0) } ?? optionalFile(pathOfWeights(beside: path))
        return try text.withUnsafeBytes { try read($0, file: path, weights: weights) }
    }

    /// A model without constants may have no weights file. For other models, a missing file is an error at the first constant.
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
    ///   - file: the name of the text in errors.
    ///   - weights: the file that constants refer to.
    public static func read(_ text: UnsafeRawBufferPointer, file: String, weights: MappedFile?) throws(GraphError) -> Graph {
        let root: XMLElement
        do {
            root = try parseXML(text)
        } catch {
            let kind = FileKind(firstBytes: text)
            let reason = "line \(error.line): \(error.reason)"
            throw .ir(file: file, layer: nil, reason: kind == .xml ? reason : "\(reason); \(kind.explanation)")
        }
        return try IRReader(file: file, weights: weights).graph(root)
    }

    private func graph(_ net: XMLElement) throws(GraphError) -> Graph {
        guard net.name == "net", ["10", "11"].contains(net["version"] ?? "") else {
            throw fault("this is not OpenVINO IR version 10 or 11 (root <\(net.name)>, version \(net["version"] ?? "none"))")
        }
        var layers: [Int: IRLayer] = [:]
        var order: [Int] = []
        for element in net.child("layers")?.children ?? [] where element.name == "layer" {
            let layer = try IRLayer(element, reader: self)
            if let other = layers.updateValue(layer, forKey: layer.id) {
                throw fault("it has the id \(layer.id) of '\(other.node.name)'", layer.node.name)
            }
            order.append(layer.id)
        }
        for element in net.child("edges")?.children ?? [] where element.name == "edge" { try connect(element, &layers) }
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
            // IR writes a scalar and a shape of any rank alike. Only an input of any rank leads to the second.
            if node.type != "Parameter", node.inputs.allSatisfy({ $0.shape.rank != nil }) {
                for port in node.outputs.indices where node.outputs[port].shape.rank == nil { node.outputs[port].shape = [] }
            }
            indices[id] = graph.append(node)
        }
        if net["version"] == "10" { graph.nameInputsAndOutputs() }
        return graph
    }

    private func connect(_ edge: XMLElement, _ layers: inout [Int: IRLayer]) throws(GraphError) {
        let target = edge["to-layer"].flatMap { Int($0) }
        let name = target.flatMap { layers[$0]?.node.name }
        guard let from = edge["from-layer"].flatMap({ Int($0) }), let fromPort = edge["from-port"], let target,
            let toPort = edge["to-port"], let output = layers[from]?.outputPorts.firstIndex(of: fromPort),
            let input = layers[target]?.inputPorts.firstIndex(of: toPort)
        else {
            throw fault("the edge \(edge.attributes.map { "\($0.name)=\($0.value)" }.joined(separator: " ")) leads nowhere", name)
        }
        guard layers[target]?.sources[input] == nil else { throw fault("two edges lead to its input \(input)", name) }
        layers[target]?.sources[input] = .init(layer: from, output: output)
    }

    /// A topological order close to the file's order. Inputs come first and outputs last, in the file's order.
    private func topologicalOrder(_ order: [Int], _ layers: [Int: IRLayer]) throws(GraphError) -> [Int] {
        func type(_ id: Int) -> String { layers[id]?.node.type ?? "" }
        let inputs = order.filter { type($0) == "Parameter" }
        let outputs = order.filter { type($0) == "Result" }
        var sorted: [Int] = []
        var state: [Int: Bool] = [:] // false while a layer's inputs are being placed, true when it is placed
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

    func fault(_ reason: String, _ layer: String? = nil) -> GraphError { .ir(file: file, layer: layer, reason: reason) }
}

extension Graph {
    /// Names tensors after nodes, as the runtime does for IR version 10, which has no tensor names.
    fileprivate mutating func nameInputsAndOutputs() {
        for index in nodes.indices {
            if nodes[index].type == "Parameter" { name(self.value(index), nodes[index].name) }
            if nodes[index].type == "Result" {
                let value = nodes[index].inputs[0]
                let node = nodes[value.node]
                name(value, node.outputs.count == 1 ? node.name : "\(node.name).\(value.port)")
            }
        }
    }

    private mutating func name(_ value: Value, _ name: String) {
        if !nodes[value.node].outputs[value.port].names.contains(name) {
            nodes[value.node].outputs[value.port].names.append(name)
        }
    }
}

/// The default path of the weights of the IR file at `path`: the same name with `.bin`.
func pathOfWeights(beside path: String) -> String { (path.hasSuffix(".xml") ? String(path.dropLast(4)) : path) + ".bin" }
