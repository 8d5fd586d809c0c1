/// Splits text into the words that byte pairs are merged within.
protocol PreTokenizer: Sendable {
    /// The words of `text[range]` in their order. Scalars between words are left out of the encoding.
    func words(in text: [Unicode.Scalar], _ range: Range<Int>) -> [Range<Int>]
}

/// GPT-2's splitting, by its expression `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
///
/// A space belongs to the word after it, so that nothing is left out.
struct GPT2PreTokenizer: PreTokenizer {
    func words(in text: [Unicode.Scalar], _ range: Range<Int>) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let end = end(ofWordAt: start, text[range])
            words.append(start..<end)
            start = end
        }
        return words
    }

    private func end(ofWordAt start: Int, _ text: ArraySlice<Unicode.Scalar>) -> Int {
        if let length = text[start...].contraction { return start + length }
        let first = text[start] == " " && start + 1 < text.endIndex ? start + 1 : start
        let kind = ScalarClass(text[first])
        if kind != .space { return text[first...].firstIndex { ScalarClass($0) != kind } ?? text.endIndex }
        // White space: up to its last scalar, which belongs to the next word where it is a space, and is alone otherwise.
        let end = text[start...].firstIndex { ScalarClass($0) != .space } ?? text.endIndex
        return end == text.endIndex || end == start + 1 ? end : end - 1
    }
}

extension ArraySlice<Unicode.Scalar> {
    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array<Unicode.Scalar>($0.unicodeScalars) }

    /// The length of the English contraction that the scalars begin with; nil where there is none.
    var contraction: Int? {
        guard first == "'" else { return nil }
        return Self.contractions.first { starts(with: $0) }?.count
    }
}
