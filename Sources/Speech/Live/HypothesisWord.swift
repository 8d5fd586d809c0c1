import Tokenizers

/// A word of a window's tokens.
struct HypothesisWord: Equatable {
    var text: String
    /// The timestamps before the word, and its tokens.
    var tokens: [Int]
    /// Seconds from the window's beginning.
    var start: Double
    var end: Double
}

extension HypothesisWord {
    /// The words of tokens after the settled ones. Between two timestamps each lasts by its number of characters.
    /// - Parameters:
    ///   - settled: the number of tokens that are settled, from the first on.
    ///   - seconds: the window's length, the end of words that no timestamp ends.
    ///   - language: nil for one with spaces between words.
    /// - Returns: the words, without the timestamps after the last.
    static func words(
        of tokens: [Int], settled: Int, _ tokenizer: WhisperTokenizer, _ vocabulary: DecodingVocabulary, seconds: Double,
        language: WhisperLanguage? = nil
    ) -> [HypothesisWord] {
        var words: [HypothesisWord] = []
        // Timestamps since the last word that are not settled, and tokens of text since the last timestamp.
        var times: [Int] = []
        var (old, new): ([Int], [Int]) = ([], [])
        var start = 0.0
        func close(at end: Double) {
            // A settled word may go on.
            let before = tokenizer.decode(old.map(Int32.init)).count
            let parts = tokenizer.words(of: new.map(Int32.init), language: language)
            let characters = max(1, parts.reduce(before) { $0 + $1.text.count })
            let share = max(0, end - start) / Double(characters)
            var place = start + share * Double(before)
            for part in parts {
                let length = share * Double(part.text.count)
                words.append(
                    HypothesisWord(
                        text: part.text, tokens: times + part.tokens.map(Int.init), start: place, end: place + length))
                (place, times) = (place + length, [])
            }
            (old, new) = ([], [])
        }
        for (index, token) in tokens.enumerated() {
            if vocabulary.isTimestamp(token) {
                let time = Double(token - vocabulary.timestampBegin) * DecodingVocabulary.timePrecision
                close(at: time)
                start = time
                if index >= settled { times.append(token) }
            } else if index < settled {
                old.append(token)
            } else {
                new.append(token)
            }
        }
        close(at: max(start, seconds))
        return words
    }
}
