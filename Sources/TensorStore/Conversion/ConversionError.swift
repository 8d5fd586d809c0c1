/// Why a tensor can't be had with another element type.
public enum ConversionError: Error, Equatable, Sendable {
    case unsupported(from: ElementType, to: ElementType)
    /// An element that the integer type can't hold; `value` as text.
    case outOfRange(index: Int, value: String, to: ElementType)
}

extension ConversionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unsupported(let from, let to): "Conversion from \(from) to \(to) is not supported."
        case .outOfRange(let index, let value, let to): "Element \(index) is \(value), which \(to) can't hold."
        }
    }
}
