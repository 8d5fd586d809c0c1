/// An error in a JSON text.
public struct JSONError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        case unexpectedEnd
        case unexpectedByte(UInt8, expected: String)
        /// Legal by the grammar, but readers differ in which of the values they take.
        case duplicateKey(String)
        case invalidUTF8
        case invalidEscape
        /// A byte under 0x20 in a string.
        case controlCharacter(UInt8)
        case invalidNumber
        /// A number too large for `Double`.
        case numberOutOfRange
        /// Arrays and objects one within the other.
        case tooDeep(limit: Int)
        case trailingBytes
    }

    public let reason: Reason
    /// The position in the text, in bytes.
    public let offset: Int

    public init(reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    public var description: String {
        let what =
            switch reason {
            case .unexpectedEnd: "the text ends too early"
            case .unexpectedByte(let byte, let expected): "\(Self.name(of: byte)) where \(expected) is expected"
            case .duplicateKey(let key): "the key '\(key)' appears twice"
            case .invalidUTF8: "a string is not UTF-8"
            case .invalidEscape: "a string holds an escape that JSON does not have"
            case .controlCharacter(let byte): "a string holds the control character \(byte)"
            case .invalidNumber: "a number is malformed"
            case .numberOutOfRange: "a number is too large"
            case .tooDeep(let limit): "more than \(limit) levels of nesting"
            case .trailingBytes: "something follows the end of the value"
            }
        return "Invalid JSON at byte \(offset): \(what)."
    }

    private static func name(of byte: UInt8) -> String {
        (0x21...0x7E).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
    }
}
