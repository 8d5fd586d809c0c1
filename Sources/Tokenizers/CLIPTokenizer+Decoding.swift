extension CLIPTokenizer {
    /// The text of tokens, as transformers' `decode` has it: lowercased, a space after each word, trimmed; bytes that make no
    /// UTF-8 become U+FFFD. Ids outside the vocabulary are passed over.
    public func decode(_ ids: some Sequence<Int32>) -> String {
        let text = bytePairs.decode(ids).unicodeScalars
        return String(String.UnicodeScalarView(Self.trimmed(Self.withSpaces(Array(text)))))
    }

    /// "</w>" to " ".
    private static func withSpaces(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        let suffix = Array(endOfWord.unicodeScalars)
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            if text[position...].starts(with: suffix) {
                result.append(" ")
                position += suffix.count
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }

    /// Without white space around, as Python's `str.strip` leaves it: four separators of ASCII count too.
    private static func trimmed(_ text: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar> {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            ScalarClass(scalar) == .space || ("\u{1C}"..."\u{1F}").contains(scalar)
        }
        guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) }) else {
            return []
        }
        return text[first...last]
    }
}
