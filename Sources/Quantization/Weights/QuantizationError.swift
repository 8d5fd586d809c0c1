public import TensorStore

/// Errors of quantizing weights.
public enum QuantizationError: Error, Equatable, Sendable {
    /// A weight tensor holds NaN or infinity.
    case notFinite(tensor: String)
    /// Weights of this element type can't be quantized.
    case elementType(tensor: String, ElementType)
    /// The byte count does not match type and shape.
    case size(tensor: String, expected: Int, found: Int)
    /// The group size does not divide the weights of a channel, `depth`.
    case groupSize(tensor: String, Int, depth: Int)
    /// Groups need 4-bit weights with a single axis to sum over.
    case groupsNotTaken(tensor: String, WeightMode)
    /// A channel's scale exceeds f16, the type of stored scales.
    case scaleRange(tensor: String, Float)
    /// The ratio of weights is not in 0 … 1.
    case ratio(Double)
    /// The backup mode is not an 8-bit mode.
    case backup(WeightMode)
    /// The number of values given for channels is not the number of channels.
    case channelCount(tensor: String, expected: Int, found: Int)
    /// Factors, means or a mode name weights or an operation that the pass does not find; `near` has similar names.
    case unknown(String, near: [String])
    /// Operations that share weights have different modes.
    case modes(tensor: String, WeightMode, WeightMode)
    /// The operation already computes in integers or with integer weights.
    case alreadyQuantized(operation: String)
    /// A rule of the ignored scope matches nothing in the graph.
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
        case .channelCount(let tensor, let expected, let found):
            "\(found) numbers are given for the \(expected) channels of '\(tensor)'; there must be one for each."
        case .unknown(let name, near: let near):
            "There are no weights to quantize called '\(name)', and no operation with such weights\(suggestion(near))."
        case .modes(let tensor, let mode, let other):
            "The weights '\(tensor)' are shared by operations in \(mode.rawValue) and in \(other.rawValue); give them one mode."
        case .alreadyQuantized(let operation):
            "The model is quantized already, as '\(operation)' shows; start from one in floating point."
        case .ignoredScope(let rule, let near): "The ignored scope '\(rule)' matches nothing\(suggestion(near))."
        case .pattern(let pattern): "The pattern '\(pattern)' of the ignored scope is not a regular expression."
        }
    }

    private func suggestion(_ near: [String]) -> String {
        near.isEmpty ? "" : "; near names are \(near.map { "'\($0)'" }.joined(separator: ", "))"
    }
}
