public import TensorStore

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
