public import TensorStore

/// An error in a network's config or checkpoint.
public enum ArchitectureError: Error, Equatable, Sendable {
    case missingTensor(String, in: String)
    case tensorShape(String, in: String, expected: Shape, found: Shape)
    /// An integer tensor, which is a weight only together with the scales of some quantization.
    case tensorType(String, in: String, found: ElementType)
    /// An unsupported parameter value of the class; `supported` names the supported ones.
    case unsupported(parameter: String, value: String, supported: String, class: String, file: String)
    /// A parameter value of the wrong kind for the class.
    case parameter(String, value: String, expected: String, class: String, file: String)
    /// Parameters that are valid on their own but contradict each other.
    case inconsistent(String, class: String, file: String)
    case unknownClass(String, file: String, known: [String])
}

extension ArchitectureError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missingTensor(let name, let source): "\(source) has no tensor '\(name)', which its configuration asks for."
        case .tensorShape(let name, let source, let expected, let found):
            "The tensor '\(name)' in \(source) must be \(expected) by its configuration; the file has \(found)."
        case .tensorType(let name, let source, let found):
            "The tensor '\(name)' in \(source) is \(found); weights of floating-point numbers are needed."
        case .unsupported(let parameter, let value, let supported, let type, let file):
            "\(file): \(type) with \(parameter) = \(value) is not supported; \(supported) is."
        case .parameter(let name, let value, let expected, let type, let file):
            "\(file): \(name) of \(type) must be \(expected), not \(value)."
        case .inconsistent(let reason, let type, let file): "\(file): \(type): \(reason)."
        case .unknownClass(let name, let file, let known):
            "\(file): the class '\(name)' is not known; known are \(known.joined(separator: ", "))."
        }
    }
}
