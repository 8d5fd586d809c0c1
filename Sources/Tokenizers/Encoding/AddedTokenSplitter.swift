/// A token that is found in the text itself, before it is split into words.
public struct AddedToken: Sendable, Hashable {
    public var content: String
    /// Whether it is a marker for the model, such as the end of text, and not text.
    public var isSpecial: Bool
    /// Whether it is looked for in the normalized (composed, lowercased) text rather than in the text as given.
    /// nil: true unless the token is special.
    public var normalized: Bool?
    /// Whether white space before it belongs to it.
    public var stripsLeft: Bool
    /// Whether white space after it belongs to it.
    public var stripsRight: Bool
    /// Whether it is found only where no letter, digit or underscore touches it.
    public var isSingleWord: Bool

    public init(
        _ content: String, isSpecial: Bool = true, normalized: Bool? = nil,
        stripsLeft: Bool = false, stripsRight: Bool = false, isSingleWord: Bool = false
    ) {
        self.content = content
        self.isSpecial = isSpecial
        self.normalized = normalized
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.isSingleWord = isSingleWord
    }

    var isNormalized: Bool { normalized ?? !isSpecial }
}

/// Finds added tokens in a text: at each place the longest, and none within another (as the reference's automaton does).
struct AddedTokenSplitter: Sendable {
    enum Piece: Equatable {
        case text(Range<Int>)
        case token(Int32)
    }

    private struct Pattern {
        let scalars: [Unicode.Scalar]
        let token: AddedToken
        let id: Int32
    }

    /// By first scalar, the longest first.
    private var patterns: [Unicode.Scalar: [Pattern]] = [:]

    /// - Parameter normalize: the normalization of the text before it is searched.
    init(_ tokens: [(token: AddedToken, id: Int32)], normalize: ([Unicode.Scalar]) -> [Unicode.Scalar]) {
        for (token, id) in tokens { add(token, id: id, normalize: normalize) }
    }

    mutating func add(_ token: AddedToken, id: Int32, normalize: ([Unicode.Scalar]) -> [Unicode.Scalar]) {
        let scalars = normalize(Array(token.content.unicodeScalars))
        guard let first = scalars.first else { return }
        var others = patterns[first] ?? []
        // Behind those of the same length: of two alike the first counts.
        let place = others.firstIndex { $0.scalars.count < scalars.count } ?? others.count
        others.insert(Pattern(scalars: scalars, token: token, id: id), at: place)
        patterns[first] = others
    }

    /// Text and tokens in their order; no text is empty.
    func split(_ text: [Unicode.Scalar]) -> [Piece] {
        var pieces: [Piece] = []
        var textStart = 0
        var position = 0
        while position < text.count {
            guard let pattern = longest(in: text, at: position) else {
                position += 1
                continue
            }
            var start = position
            var end = position + pattern.scalars.count
            // A refused match is skipped as a whole.
            position = end
            if pattern.token.isSingleWord, (start > 0 && text[start - 1].isWord) || (end < text.count && text[end].isWord) {
                continue
            }
            if pattern.token.stripsLeft {
                while start > textStart, ScalarClass(text[start - 1]) == .space { start -= 1 }
            }
            if pattern.token.stripsRight {
                while end < text.count, ScalarClass(text[end]) == .space { end += 1 }
            }
            if textStart < start { pieces.append(.text(textStart..<start)) }
            pieces.append(.token(pattern.id))
            textStart = end
        }
        if textStart < text.count { pieces.append(.text(textStart..<text.count)) }
        return pieces
    }

    private func longest(in text: [Unicode.Scalar], at start: Int) -> Pattern? {
        patterns[text[start]]?.first { pattern in
            pattern.scalars.count <= text.count - start
                && text[start..<start + pattern.scalars.count].elementsEqual(pattern.scalars)
        }
    }
}

extension Unicode.Scalar {
    /// `\w`: letters, marks, decimal digits, connectors and joiners (Unicode Technical Standard 18, annex C).
    fileprivate var isWord: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
        default: properties.isAlphabetic || properties.isJoinControl
        }
    }
}
