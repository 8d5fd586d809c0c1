/// A prompt in AUTOMATIC1111's notation, read as its web UI reads it: texts with their weights, and where a new chunk begins.
///
/// `(text)` weighs 1.1 times as much, `[text]` 1/1.1 times, `(text:1.3)` 1.3 times; brackets nest. A backslash makes the next
/// bracket or backslash a letter, and alone is dropped. A bracket that is never closed reaches to the end; one that closes
/// nothing is a letter. `BREAK`, as a word in capitals, begins a chunk.
///
/// Otherwise than there, `BREAK` begins a chunk within brackets too (there it would be drawn), a weight that is not a number
/// (`:1.2.3)`) is text (there an error), and brackets within more than 256 others are letters.
public struct WeightedPrompt: Sendable, Equatable {
    public enum Part: Sendable, Equatable {
        case text(String, weight: Double)
        case chunkBreak
    }

    /// In the order of the prompt; texts of one weight that touch are one.
    public let parts: [Part]

    public init(parsing prompt: String) {
        var parser = WeightedPromptParser(Array(prompt.unicodeScalars))
        parts = parser.parts()
    }
}

/// Goes through a prompt once, by scalars: a bracket counts whatever mark follows it.
private struct WeightedPromptParser {
    private struct Piece {
        var text: String.UnicodeScalarView
        var weight = 1.0
        var isBreak = false
    }

    private static let roundFactor = 1.1
    private static let squareFactor = 1 / 1.1
    private static let depthLimit = 256

    private let scalars: [Unicode.Scalar]
    private var pieces: [Piece] = []
    /// The piece that each open bracket begins with.
    private var roundBrackets: [Int] = []
    private var squareBrackets: [Int] = []

    init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    mutating func parts() -> [WeightedPrompt.Part] {
        var position = 0
        while position < scalars.count { position = readPiece(at: position) }
        for start in roundBrackets { multiply(from: start, by: Self.roundFactor) }
        for start in squareBrackets { multiply(from: start, by: Self.squareFactor) }
        return merged()
    }

    /// Reads what begins at `start`, and returns where it ends.
    private mutating func readPiece(at start: Int) -> Int {
        let next = start + 1
        switch scalars[start] {
        case "\\":
            let isEscape = next < scalars.count && Self.isMark(scalars[next]) && scalars[next] != ":"
            let end = isEscape ? next + 1 : next
            append(next..<end)
            return end
        case "(" where roundBrackets.count < Self.depthLimit: roundBrackets.append(pieces.count)
        case "[" where squareBrackets.count < Self.depthLimit: squareBrackets.append(pieces.count)
        case ":":
            if !roundBrackets.isEmpty, let (weight, end) = weight(after: next) {
                multiply(from: roundBrackets.removeLast(), by: weight)
                return end
            }
            append(start..<next)
        case ")" where !roundBrackets.isEmpty: multiply(from: roundBrackets.removeLast(), by: Self.roundFactor)
        case "]" where !squareBrackets.isEmpty: multiply(from: squareBrackets.removeLast(), by: Self.squareFactor)
        case let scalar where Self.isMark(scalar): append(start..<next)
        default:
            let end = scalars[start...].firstIndex(where: Self.isMark) ?? scalars.count
            appendText(start..<end)
            return end
        }
        return next
    }

    /// Whether the scalar means something in this notation.
    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "(", ")", "[", "]", "\\", ":": true
        default: false
        }
    }

    /// The weight at `start` that a round bracket closes, and the place behind the bracket.
    private func weight(after start: Int) -> (Double, end: Int)? {
        var position = start
        func skipSpaces() { while position < scalars.count, scalars[position].properties.isWhitespace { position += 1 } }
        skipSpaces()
        let number = position
        if position < scalars.count, scalars[position] == "+" || scalars[position] == "-" { position += 1 }
        while position < scalars.count, scalars[position] == "." || ("0"..."9").contains(scalars[position]) { position += 1 }
        let text = String(String.UnicodeScalarView(scalars[number..<position]))
        skipSpaces()
        guard position < scalars.count, scalars[position] == ")", let weight = Double(text), weight.isFinite else { return nil }
        return (weight, position + 1)
    }

    // MARK: Pieces

    private mutating func append(_ range: Range<Int>) { pieces.append(Piece(text: .init(scalars[range]))) }

    /// A run without marks, cut where it says BREAK; the white space around the word goes with it.
    private mutating func appendText(_ range: Range<Int>) {
        let word = Array("BREAK".unicodeScalars)
        var (start, position) = (range.lowerBound, range.lowerBound)
        while position < range.upperBound {
            let end = position + word.count
            guard end <= range.upperBound, scalars[position..<end].elementsEqual(word),
                position == range.lowerBound || !scalars[position - 1].isWordCharacter,
                end == range.upperBound || !scalars[end].isWordCharacter
            else {
                position += 1
                continue
            }
            var textEnd = position
            while textEnd > start, scalars[textEnd - 1].properties.isWhitespace { textEnd -= 1 }
            append(start..<textEnd)
            pieces.append(Piece(text: .init(), isBreak: true))
            position = end
            while position < range.upperBound, scalars[position].properties.isWhitespace { position += 1 }
            start = position
        }
        append(start..<range.upperBound)
    }

    private mutating func multiply(from start: Int, by factor: Double) {
        for index in start..<pieces.count { pieces[index].weight *= factor }
    }

    private func merged() -> [WeightedPrompt.Part] {
        var parts: [WeightedPrompt.Part] = []
        var open: Piece?
        func close() { if let open, !open.text.isEmpty { parts.append(.text(String(open.text), weight: open.weight)) } }
        for piece in pieces {
            if piece.isBreak {
                close()
                open = nil
                parts.append(.chunkBreak)
            } else if open?.weight == piece.weight {
                open?.text.append(contentsOf: piece.text)
            } else {
                close()
                open = piece
            }
        }
        close()
        return parts
    }
}

extension Unicode.Scalar {
    /// Letters, digits and the underscore, between which no word ends.
    fileprivate var isWordCharacter: Bool { self == "_" || properties.isAlphabetic || properties.numericType != nil }
}
