/// Word error rate: the edits that make a hypothesis out of a reference, counted in words (Levenshtein distance).
///
/// Also counts in other elements: `ofCharacters` gives the character error rate.
public struct WordErrorRate: Sendable, Equatable {
    public var substitutions = 0
    public var deletions = 0
    public var insertions = 0
    /// Words (or other elements) of the references.
    public var wordCount = 0

    public init() {}

    /// - Parameters: texts, normalized already; words are what white space separates.
    public init(reference: String, hypothesis: String) {
        self.init(
            reference: reference.split(whereSeparator: \.isWhitespace),
            hypothesis: hypothesis.split(whereSeparator: \.isWhitespace))
    }

    /// The counts in characters, the spaces between words with them, as jiwer's `cer`.
    /// - Parameters: texts, normalized already.
    public static func ofCharacters(reference: String, hypothesis: String) -> WordErrorRate {
        func characters(_ text: String) -> [Unicode.Scalar] {
            let start = text.unicodeScalars.drop { $0.properties.isWhitespace }
            return start.reversed().drop { $0.properties.isWhitespace }.reversed()
        }
        return WordErrorRate(reference: characters(reference), hypothesis: characters(hypothesis))
    }

    public init<Element: Equatable>(reference: [Element], hypothesis: [Element]) {
        // Row by row: what leads to the first words of both, with the fewest edits.
        var row = hypothesis.indices.map { WordErrorRate(insertions: $0 + 1) }
        row.insert(WordErrorRate(), at: 0)
        for (index, word) in reference.enumerated() {
            var diagonal = row[0]
            row[0].deletions = index + 1
            for (place, other) in hypothesis.enumerated() {
                let above = row[place + 1]
                var best = diagonal
                if word != other { best.substitutions += 1 }
                if above.errorCount + 1 < best.errorCount {
                    best = above
                    best.deletions += 1
                }
                if row[place].errorCount + 1 < best.errorCount {
                    best = row[place]
                    best.insertions += 1
                }
                (diagonal, row[place + 1]) = (above, best)
            }
        }
        self = row[hypothesis.count]
        wordCount = reference.count
    }

    private init(insertions: Int) { self.insertions = insertions }

    public var errorCount: Int { substitutions + deletions + insertions }

    /// Errors per word of the references, 1 for as many errors as words; nil where there are no words.
    public var rate: Double? { wordCount == 0 ? nil : Double(errorCount) / Double(wordCount) }

    /// The counts of several texts together.
    public static func + (a: WordErrorRate, b: WordErrorRate) -> WordErrorRate {
        var sum = a
        sum.substitutions += b.substitutions
        sum.deletions += b.deletions
        sum.insertions += b.insertions
        sum.wordCount += b.wordCount
        return sum
    }
}
