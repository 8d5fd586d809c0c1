/// The classes of characters that splitting into words distinguishes, as in the reference's regular expressions (Oniguruma,
/// Unicode 16).
enum ScalarClass {
    /// `\p{L}`
    case letter
    /// `\p{N}`
    case number
    /// `\s`
    case space
    case other

    init(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "a"..."z", "A"..."Z": self = .letter
        case "0"..."9": self = .number
        case " ", "\t"..."\r": self = .space
        case "\0"..."\u{7F}": self = .other
        default: self = Self.beyondASCII(scalar)
        }
    }

    private static func beyondASCII(_ scalar: Unicode.Scalar) -> ScalarClass {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            isKnown(scalar) ? .letter : .other
        case .decimalNumber, .letterNumber, .otherNumber: isKnown(scalar) ? .number : .other
        default: scalar.properties.isWhitespace ? .space : .other
        }
    }

    /// The standard library follows newer versions of Unicode than the reference does.
    private static func isKnown(_ scalar: Unicode.Scalar) -> Bool { scalar.isAssigned(in: 16) }
}

extension Unicode.Scalar {
    /// Whether the scalar was assigned in Unicode's version `major`.0.
    func isAssigned(in major: Int) -> Bool {
        properties.age.map { $0.major < major || ($0.major == major && $0.minor == 0) } ?? false
    }
}
