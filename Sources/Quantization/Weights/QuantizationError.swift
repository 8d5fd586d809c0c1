public import TensorStore

/// Why weights can't be quantized as asked.
public enum QuantizationError: Error, Equatable, Sendable {
    /// A weight tensor holds NaN or infinity.
    case notFinite(tensor: String)
    /// Weights of a type that is not quantized.
    case elementType(tensor: String, ElementType)
    /// The bytes are not as many as type and shape need.
    case size(tensor: String, expected: Int, found: Int)
    /// A group must divide the weights of a channel.
    case groupSize(tensor: String, Int, depth: Int)
    /// Groups are of 4-bit weights with one axis to sum over.
    case groupsNotTaken(tensor: String, WeightMode)
    /// A channel's scale is beyond f16, in which scales are stored.
    case scaleRange(tensor: String, Float)
    /// A ratio of weights is from 0 to 1.
    case ratio(Double)
    /// What layers get that can't have 4 bits must be an 8-bit mode.
    case backup(WeightMode)
    /// A rule of the ignored scope names nothing in the graph.
    case ignoredScope(String, near: [String])
    /// A pattern of the ignored scope is not a regular expression.
    case pattern(String)
}

extension QuantizationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notFinite(let tensor): "The weights '\(tensor)' hold NaN or infinity, which can't be quantized."
        case .elementType(let tensor, let type): "The weights '\(tensor)' are \(type); f32, f16 or bf16 can be quantized."
        case .size(let tensor, let expected, let found):
            "The weights '\(tensor)' take \(expected) bytes by type and shape, not \(found)."
        case .groupSize(let tensor, let size, let depth):
            "Groups of \(size) do not divide the \(depth) input channels of '\(tensor)'; choose another size or a fallback."
        case .groupsNotTaken(let tensor, let mode):
            "The weights '\(tensor)' can't have groups as \(mode.rawValue): groups are of 4-bit weights of matrix products."
        case .scaleRange(let tensor, let scale):
            "A channel of '\(tensor)' has the scale \(scale), which f16 does not hold; leave this layer out."
        case .ratio(let ratio): "The ratio of 4-bit weights is \(ratio); it must be from 0 to 1."
        case .backup(let mode): "The backup mode is \(mode.rawValue); it must be one of 8 bits."
        case .ignoredScope(let rule, near: let near) where near.isEmpty: "The ignored scope '\(rule)' matches nothing."
        case .ignoredScope(let rule, let near):
            "The ignored scope '\(rule)' matches nothing; near names are \(near.map { "'\($0)'" }.joined(separator: ", "))."
        case .pattern(let pattern): "The pattern '\(pattern)' of the ignored scope is not a regular expression."
        }
    }
}
