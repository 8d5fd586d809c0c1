/// CLIP's splitting of normalized text, by the reference's expression
/// `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
/// and then by GPT-2's, which only takes the two markers apart, written out in a text where they are not special.
struct CLIPPreTokenizer: PreTokenizer {
    func words(in text: [Unicode.Scalar], _ range: Range<Int>) -> [Range<Int>] { Array(CLIPWords(text, in: range)) }
}

private struct CLIPWords: Sequence, IteratorProtocol {
    private static let markers = ["<|startoftext|>", "<|endoftext|>"].map { Array($0.unicodeScalars) }

    private let text: [Unicode.Scalar]
    private var position: Int
    private let end: Int
    /// The end of the marker that is being taken apart.
    private var markerEnd = 0

    init(_ text: [Unicode.Scalar], in range: Range<Int>) {
        self.text = text
        position = range.lowerBound
        end = range.upperBound
    }

    mutating func next() -> Range<Int>? {
        while position < end, ScalarClass(text[position]) == .space { position += 1 }
        guard position < end else { return nil }
        let start = position
        let limit = start < markerEnd ? markerEnd : end
        switch ScalarClass(text[start]) {
        case .letter: position = run(of: .letter, from: start, to: limit)
        case .number: position = start + 1
        case .space, .other:
            if start >= markerEnd, let marker = Self.markers.first(where: { follows($0, at: start) }) {
                markerEnd = start + marker.count
                position = start + 2
            } else if start >= markerEnd, let contraction = text[start..<end].contraction {
                position = start + contraction
            } else {
                position = run(of: .other, from: start, to: limit)
            }
        }
        return start..<position
    }

    private func follows(_ word: [Unicode.Scalar], at start: Int) -> Bool {
        word[0] == text[start] && word.count <= end - start && text[start..<start + word.count].elementsEqual(word)
    }

    private func run(of kind: ScalarClass, from start: Int, to limit: Int) -> Int {
        text[start..<limit].firstIndex { ScalarClass($0) != kind } ?? limit
    }
}

/// CLIP's normalizer: canonical composition, each run of white space to one space, each scalar to lower case.
enum TextNormalizer {
    static func normalized(_ text: some Collection<Unicode.Scalar>) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        var followsSpace = false
        for scalar in CanonicalComposition.composed(Array(text)) {
            let isSpace = ScalarClass(scalar) == .space
            if isSpace {
                if !followsSpace { result.append(" ") }
            } else {
                appendLowercase(scalar, to: &result)
            }
            followsSpace = isSpace
        }
        return result
    }

    /// By scalar, without regard to its neighbours: "Σ" is "σ" at the end of a word too, and "İ" becomes two scalars that
    /// are not composed again.
    private static func appendLowercase(_ scalar: Unicode.Scalar, to result: inout [Unicode.Scalar]) {
        switch scalar {
        case "A"..."Z": result.append(Unicode.Scalar(UInt8(truncatingIfNeeded: scalar.value) | 0x20))
        case "\0"..."\u{7F}": result.append(scalar)
        default: result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
        }
    }
}

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
