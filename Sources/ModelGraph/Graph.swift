public import TensorStore

/// A network as a value: OpenVINO operations in an order in which every node follows what it reads.
///
/// Build one with the operation methods (`matMul`, `convolution` …, see `Ops/`), which check operands and infer the
/// result's type and shape, or read one from IR with `IRReader`. It never touches the runtime.
public struct Graph: Sendable {
    public internal(set) var nodes: [Node] = []
    /// The `<rt_info>` of the whole model, kept verbatim.
    public var runtimeInfo: XMLElement?
    /// The model's own name.
    public var name: String

    /// Prefix of the names of nodes appended from now on; the checkpoint's path, by convention.
    public private(set) var scope = ""
    /// Used names, each with the next number that makes it unique.
    private var usedNames: [String: Int] = [:]

    public init(name: String = "model") { self.name = name }

    /// The model's inputs, in order.
    public var parameters: [Node] { nodes.filter { $0.type == "Parameter" } }
    /// The model's outputs, in order.
    public var results: [Node] { nodes.filter { $0.type == "Result" } }

    /// The value of output `port` of the node at `index`.
    public func value(_ index: Int, port: Int = 0) -> Value {
        let output = nodes[index].outputs[port]
        return Value(node: index, port: port, elementType: output.elementType, shape: output.shape)
    }

    /// Runs `body` with `path` appended to the scope.
    public mutating func within<Result, Failure: Error>(
        _ path: String, _ body: (inout Graph) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let outer = scope
        scope = outer.isEmpty ? path : "\(outer).\(path)"
        defer { scope = outer }
        return try body(&self)
    }

    /// Appends a node with known results. The operations' methods call this after their checks.
    ///
    /// - Parameter name: nil for "scope/Type". If another node has the name, a number is added.
    @discardableResult
    mutating func append(
        _ type: String, opset: Int = 1, name: String? = nil, attributes: [Node.Attribute] = [], inputs: [Value] = [],
        elementType: ElementType, shape: PartialShape
    ) -> Value {
        let node = Node(
            name: name ?? nodeName(type), type: type, opset: "opset\(opset)", attributes: attributes, inputs: inputs,
            outputs: [Node.Output(elementType: elementType, shape: shape)])
        return appendValue(node)
    }

    /// Appends `node` and returns one of its outputs.
    mutating func appendValue(_ node: Node, port: Int = 0) -> Value {
        let index = append(node)
        return value(index, port: port)
    }

    /// Appends `node` and returns its index. If another node has its name, a number is added to the name.
    ///
    /// - Precondition: its inputs are outputs of nodes that are already there.
    @discardableResult
    public mutating func append(_ node: Node) -> Int {
        for input in node.inputs {
            precondition(
                input.node < nodes.count && input.port < nodes[input.node].outputs.count,
                "an input of \(node.name) is not there yet")
        }
        var node = node
        node.name = unique(node.name)
        nodes.append(node)
        return nodes.count - 1
    }

    /// The default name of an operation of this type.
    func nodeName(_ type: String) -> String { scope.isEmpty ? type : "\(scope)/\(type)" }

    private mutating func unique(_ name: String) -> String {
        guard var number = usedNames[name] else {
            usedNames[name] = 1
            return name
        }
        while usedNames["\(name)_\(number)"] != nil { number += 1 }
        usedNames[name] = number + 1
        usedNames["\(name)_\(number)"] = 1
        return "\(name)_\(number)"
    }
}

/// One output of one node: the operand and the result of operations.
public struct Value: Sendable, Hashable {
    /// Index into `Graph.nodes`.
    public let node: Int
    /// Index into `Node.outputs`.
    public let port: Int
    public let elementType: ElementType
    public let shape: PartialShape

    /// The node and port alone: in one graph they determine the rest, and shapes take long to hash.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(node)
        hasher.combine(port)
    }

    public init(node: Int, port: Int, elementType: ElementType, shape: PartialShape) {
        self.node = node
        self.port = port
        self.elementType = elementType
        self.shape = shape
    }
}

/// Errors of building and reading graphs.
public enum GraphError: Error, Equatable, Sendable {
    /// One operand, in the form for messages.
    public struct Operand: Equatable, Sendable, CustomStringConvertible {
        public let name: String
        public let elementType: ElementType
        public let shape: PartialShape

        public var description: String { "'\(name)' \(elementType) \(shape)" }
    }

    /// The operation does not accept these operands.
    case operands(operation: String, node: String, [Operand], rule: String)
    /// The runtime would not accept the IR file. `layer` is nil if the fault is outside of layers.
    case ir(file: String, layer: String?, reason: String)
    /// The graph can't be written or changed as requested.
    case structure(node: String, reason: String)
}

extension GraphError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .operands(let operation, let node, let operands, let rule):
            "\(operation) '\(node)': \(rule); found \(operands.map(\.description).joined(separator: ", "))."
        case .ir(let file, nil, let reason): "\(file): \(reason)."
        case .ir(let file, let layer?, let reason): "\(file), layer '\(layer)': \(reason)."
        case .structure(let node, let reason): "Node '\(node)': \(reason)."
        }
    }
}

extension Graph {
    /// The error for operands that an operation refuses, with their names.
    /// - Parameter name: the intended name of the node; nil for "scope/Type".
    func refusal(_ operation: String, _ operands: [Value], _ rule: String, name: String? = nil) -> GraphError {
        .operands(
            operation: operation, node: name ?? nodeName(operation),
            operands.map { GraphError.Operand(name: nodes[$0.node].name, elementType: $0.elementType, shape: $0.shape) },
            rule: rule)
    }
}
