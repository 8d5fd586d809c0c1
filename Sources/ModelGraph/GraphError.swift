public import TensorStore

/// Why a graph can't be built or read.
public enum GraphError: Error, Equatable, Sendable {
    /// One operand, as a message shows it.
    public struct Operand: Equatable, Sendable, CustomStringConvertible {
        public let name: String
        public let elementType: ElementType
        public let shape: PartialShape

        public var description: String { "'\(name)' \(elementType) \(shape)" }
    }

    /// An operation does not take these operands.
    case operands(operation: String, node: String, [Operand], rule: String)
    /// An IR file is not one that the runtime would take. `layer` is nil where the fault is outside of layers.
    case ir(file: String, layer: String?, reason: String)
    /// The graph itself can't be written or changed as asked.
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
    /// The error of an operation that is refused, with its operands' names.
    /// - Parameter name: the name that the node would have had; nil for "scope/Type".
    func refusal(_ operation: String, _ operands: [Value], _ rule: String, name: String? = nil) -> GraphError {
        .operands(
            operation: operation, node: name ?? nodeName(operation),
            operands.map { GraphError.Operand(name: nodes[$0.node].name, elementType: $0.elementType, shape: $0.shape) },
            rule: rule)
    }
}
