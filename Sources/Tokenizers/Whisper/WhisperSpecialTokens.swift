/// The ids that direct Whisper's decoder.
public struct WhisperSpecialTokens: Sendable {
    /// `<|endoftext|>`; ids below it are text.
    public let endOfText: Int32
    /// `<|startoftranscript|>`
    public let startOfTranscript: Int32
    public let translate: Int32
    public let transcribe: Int32
    /// `<|startoflm|>`
    public let startOfLanguageModel: Int32
    /// `<|startofprev|>`, before the text of the window before.
    public let startOfPrevious: Int32
    /// `<|nospeech|>`, `<|nocaptions|>` in older vocabularies.
    public let noSpeech: Int32
    public let noTimestamps: Int32
    /// The languages with a token, in the order of their ids. English models have these tokens too, without a use.
    public let languages: [(language: WhisperLanguage, id: Int32)]

    /// The number of timestamps: every 20 ms from 0 to 30 s.
    public static let timestampCount: Int32 = 1501

    /// `<|0.00|>`; all ids from it on are timestamps.
    public var timestampBegin: Int32 { noTimestamps + 1 }
    /// The number of ids, timestamps included: what the model's `vocab_size` should be.
    public var vocabularyCount: Int { Int(timestampBegin) + Int(Self.timestampCount) }

    init(_ table: TokenTable, file: String) throws(TokenizerError) {
        func id(_ names: String...) throws(TokenizerError) -> Int32 {
            for name in names { if let id = table.id("<|\(name)|>") { return id } }
            throw .missingSpecialToken("<|\(names[0])|>", role: "\(names[0]) token of Whisper", file: file)
        }
        endOfText = try id("endoftext")
        startOfTranscript = try id("startoftranscript")
        translate = try id("translate")
        transcribe = try id("transcribe")
        startOfLanguageModel = try id("startoflm")
        startOfPrevious = try id("startofprev")
        noSpeech = try id("nospeech", "nocaptions")
        noTimestamps = try id("notimestamps")
        languages = WhisperLanguage.all.compactMap { language in
            // Hebrew has its former code in some vocabularies.
            let codes = language.code == "he" ? ["he", "iw"] : [language.code]
            return codes.lazy.compactMap { table.id("<|\($0)|>") }.first.map { (language, $0) }
        }.sorted { $0.id < $1.id }
    }

    /// The language of a token; nil for any other token.
    public func language(of id: Int32) -> WhisperLanguage? { languages.first { $0.id == id }?.language }

    /// The seconds of a timestamp times 50, from 0 to 1500; nil for any other token.
    public func timestampIndex(_ id: Int32) -> Int? {
        id >= timestampBegin && id < timestampBegin + Self.timestampCount ? Int(id - timestampBegin) : nil
    }

    /// A timestamp as text, `<|1.08|>`; nil for any other token.
    func timestamp(_ id: Int32) -> String? {
        guard let index = timestampIndex(id) else { return nil }
        let hundredths = 2 * index % 100
        return "<|\(2 * index / 100).\(hundredths < 10 ? "0" : "")\(hundredths)|>"
    }
}

extension WhisperTokenizer {
    /// Tokens of symbols that are written but not spoken, such as brackets and notes, in the order of their ids; OpenAI's
    /// `non_speech_tokens`.
    ///
    /// Hyphens and apostrophes may stand within a word, but not begin one.
    public var nonSpeechTokens: [Int32] {
        let single = "\"#()*+/:;<=>@[\\]^_`{|}~「」『』".map { String($0) }
        let several = "<< >> <<< >>> -- --- -( -[ (' (\" (( )) ((( ))) [[ ]] {{ }} ♪♪ ♪♪♪".split(separator: " ").map {
            String($0)
        }
        // In vocabularies that have no token for a note its first bytes are taken, which other symbols of U+2640 to U+267F share.
        let notes = "♩♪♫♬♭♮♯".unicodeScalars.map { String($0) }
        var tokens = Set([" -", " '"].compactMap { encode($0).first })
        for symbol in [single, several, notes].joined() {
            for ids in [encode(symbol), encode(" \(symbol)")] where ids.count == 1 || notes.contains(symbol) {
                if let first = ids.first { tokens.insert(first) }
            }
        }
        return tokens.sorted()
    }
}
