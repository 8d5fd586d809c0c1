import Tokenizers

/// Finds when the words of a window are said.
///
/// Reference: faster-whisper's `find_alignment`.
struct WordAligner {
    let tokenizer: WhisperTokenizer
    /// The start of the transcript: language and task.
    let startSequence: [Int32]
    /// The decoder's number of positions.
    let length: Int
    /// The text's language, by which words are split.
    var language: WhisperLanguage?

    /// Frames of the spectrogram for each position of the encoder, of which there are 50 a second.
    private static let framesPerPosition = 2
    private static let positionsPerSecond = 50.0

    init(tokenizer: WhisperTokenizer, startSequence: [Int32], length: Int) {
        self.tokenizer = tokenizer
        self.startSequence = startSequence
        self.length = length
        // A translation is English.
        let isTranslation = startSequence.contains(tokenizer.special.translate)
        language = isTranslation ? nil : startSequence.lazy.compactMap(tokenizer.special.language).first
    }

    /// - Parameters:
    ///   - text: tokens of text alone.
    ///   - window: the window's place in the source.
    ///   - frames: the window's length in frames of 10 ms.
    /// - Returns: none for sound or text that is too short, or for text that does not fit the decoder.
    /// - Throws: the errors of `source`.
    func words(_ text: [Int], _ source: any TokenSource, window: Int = 0, frames: Int) async throws -> [AlignedWord] {
        let end = tokenizer.special.endOfText
        let before = startSequence.map(Int.init) + [Int(tokenizer.special.noTimestamps)]
        let tokens = before + text + [Int(end)]
        guard !text.isEmpty, frames >= Self.framesPerPosition, tokens.count <= length else { return [] }
        let range = before.count..<before.count + text.count
        let attention = try await source.attention(of: tokens, text: range, textVocabulary: Int(end), window: window)
        // A token's row is the one before it, which makes it.
        let matrix = AlignmentMatrix(
            attention, tokens: range.lowerBound - 1..<range.upperBound,
            positions: min(frames / Self.framesPerPosition, attention.positions))
        let words = tokenizer.words(of: text.map(Int32.init) + [end], language: language)
        return Self.aligned(words, starts: matrix.rowStarts, probabilities: attention.probabilities)
    }

    /// - Parameters:
    ///   - words: those of the text; the last has the token that ends it.
    ///   - starts: positions at which the tokens begin, that of the end included.
    static func aligned(_ words: [WhisperWord], starts: [Int], probabilities: [Double]) -> [AlignedWord] {
        var from = 0
        return words.dropLast().map { word in
            let to = from + word.tokens.count
            defer { from = to }
            return AlignedWord(
                text: word.text, tokenCount: word.tokens.count, start: Double(starts[from]) / positionsPerSecond,
                end: Double(starts[to]) / positionsPerSecond,
                probability: probabilities[from..<to].reduce(0, +) / Double(word.tokens.count))
        }
    }
}
