import Tokenizers

/// The tokens that the rules of decoding know, by their ids.
struct DecodingVocabulary: Sendable {
    let endOfText: Int
    /// The token whose probability says that there is no speech.
    let noSpeech: Int
    let noTimestamps: Int
    /// The token `<|0.00|>`; those after it are later by `timePrecision` each.
    let timestampBegin: Int
    /// Tokens that never follow: those of tasks, of a transcript's start, and of symbols that are not spoken.
    let suppressed: [Int]
    /// Tokens that a text does not begin with: a space, and the end.
    let suppressedAtBegin: [Int]

    /// Seconds from one timestamp token to the next.
    static let timePrecision = 0.02

    func isTimestamp(_ token: Int) -> Bool { token >= timestampBegin }
}

extension DecodingVocabulary {
    /// Reference: `get_suppressed_tokens` of faster-whisper.
    init(_ tokenizer: WhisperTokenizer) {
        let special = tokenizer.special
        endOfText = Int(special.endOfText)
        noSpeech = Int(special.noSpeech)
        noTimestamps = Int(special.noTimestamps)
        timestampBegin = Int(special.timestampBegin)
        let directing = [
            special.transcribe, special.translate, special.startOfTranscript, special.startOfPrevious,
            special.startOfLanguageModel, special.noSpeech,
        ]
        suppressed = (tokenizer.nonSpeechTokens + directing).map(Int.init)
        suppressedAtBegin = (tokenizer.encode(" ") + [special.endOfText]).map(Int.init)
    }
}
