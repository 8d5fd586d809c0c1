public import Foundation

/// Whisper's tokenizer: GPT-2's byte-level byte pairs, and tokens that direct the decoder.
///
/// Ids and texts are those of OpenAI's `whisper/tokenizer.py` (over tiktoken) and of transformers' `WhisperTokenizer`. Timestamps
/// need not be in the folder's files: they follow `<|notimestamps|>`. Where the files of published models lack a merge, and
/// transformers and faster-whisper encode otherwise than OpenAI, this does as OpenAI (see `addingMissingMerges`).
public struct WhisperTokenizer: Sendable {
    public let special: WhisperSpecialTokens
    /// Whether the model knows other languages than English, and translates. By the empty token, which only the vocabulary of
    /// multilingual models has, as CTranslate2 tells.
    public let isMultilingual: Bool
    let bytePairs: ByteLevelBPE
    private let source: String

    /// Reads a folder with tokenizer.json, or with vocab.json, merges.txt and added_tokens.json.
    /// - Throws: `TokenizerError`, with the file and the line or path at fault.
    public init(folder: URL) throws(TokenizerError) {
        let files = try TokenizerFolder(folder)
        try self.init(
            vocabulary: BytePairVocabulary(files),
            addedTokens: ConfigurationReader.read(files).addedTokens.mapValues(\.content))
    }

    /// - Parameter addedTokens: further tokens by id, which continue those of `vocabulary`; its own tokens may be repeated.
    /// - Throws: `.malformedMerge`, `.unknownMergeToken`; `.addedTokenID` for ids that don't continue the vocabulary's;
    ///   `.missingSpecialToken`.
    public init(vocabulary: BytePairVocabulary, addedTokens: [Int: String]) throws(TokenizerError) {
        var bytePairs = try ByteLevelBPE(vocabulary.addingMissingMerges())
        for (id, token) in addedTokens.sorted(by: { $0.key < $1.key }) {
            let expected = (bytePairs.table.id(token) ?? bytePairs.table.append(token)).map(Int.init)
            guard let expected, expected == id else {
                throw .addedTokenID(token, expected: expected ?? id, found: id, file: vocabulary.tokensFile)
            }
        }
        special = try WhisperSpecialTokens(bytePairs.table, file: vocabulary.tokensFile)
        isMultilingual = bytePairs.table.id("") != nil
        self.bytePairs = bytePairs
        source = vocabulary.tokensFile
    }

    /// The form in which speech of other languages than English is written down.
    public enum Task: String, Sendable, CaseIterable {
        case transcribe, translate
    }

    /// The tokens that a transcript starts with, without `special.noTimestamps`: `[sot, language, task]`; `[sot]` for English
    /// models, whatever the arguments.
    /// - Parameter language: nil for English.
    /// - Throws: `.option` for a language that the vocabulary has no token for.
    public func startSequence(language: WhisperLanguage? = nil, task: Task = .transcribe) throws(TokenizerError) -> [Int32] {
        guard isMultilingual else { return [special.startOfTranscript] }
        let code = language?.code ?? "en"
        guard let token = special.languages.first(where: { $0.language.code == code })?.id else {
            throw .option("language", expected: "one that the model has a token for", found: code, file: source)
        }
        return [special.startOfTranscript, token, task == .translate ? special.translate : special.transcribe]
    }

    /// The ids of a text. Special tokens written in it are text like any other.
    public func encode(_ text: String) -> [Int32] { bytePairs.encode(text) }
}

extension WhisperTokenizer {
    /// The tokens that are shown besides text.
    public enum Rendering: Sendable {
        case text
        /// Timestamps as `<|1.08|>`.
        case timestamps
        /// All special tokens.
        case all
    }

    /// The text of tokens; bytes that are not UTF-8 become U+FFFD. Ids outside the vocabulary are left out.
    public func decode(_ ids: some Sequence<Int32>, showing rendering: Rendering = .text) -> String {
        String(decoding: bytes(of: ids, showing: rendering), as: UTF8.self)
    }

    /// The bytes of tokens, which may begin or end within a character.
    func bytes(of ids: some Sequence<Int32>, showing rendering: Rendering) -> [UInt8] {
        var bytes: [UInt8] = []
        for id in ids {
            if id < special.endOfText {
                bytes.append(contentsOf: bytePairs.bytes(of: CollectionOfOne(id)))
            } else if rendering != .text, let time = special.timestamp(id) {
                bytes.append(contentsOf: time.utf8)
            } else if rendering == .all, id < special.timestampBegin {
                bytes.append(contentsOf: bytePairs.bytes(of: CollectionOfOne(id)))
            }
        }
        return bytes
    }
}

/// Text out of tokens as they come. A character whose bytes are spread over tokens appears with the last of them.
public struct WhisperTextStream: Sendable {
    private let tokenizer: WhisperTokenizer
    private let rendering: WhisperTokenizer.Rendering
    /// The beginning of a character.
    private var pending: [UInt8] = []

    public init(_ tokenizer: WhisperTokenizer, showing rendering: WhisperTokenizer.Rendering = .text) {
        self.tokenizer = tokenizer
        self.rendering = rendering
    }

    /// The text that is complete with `id`; all of it, with that of `finish`, is what `decode` gives at once.
    public mutating func append(_ id: Int32) -> String {
        pending.append(contentsOf: tokenizer.bytes(of: CollectionOfOne(id), showing: rendering))
        let count = pending.count - pending.incompleteCharacterByteCount
        defer { pending.removeFirst(count) }
        return String(decoding: pending[..<count], as: UTF8.self)
    }

    /// U+FFFD for a character that stayed incomplete, else nothing. The stream is as new then.
    public mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }
}

extension [UInt8] {
    /// The number of bytes at the end that could begin a character of UTF-8 but don't make one yet: 0 to 3.
    fileprivate var incompleteCharacterByteCount: Int {
        for length in 1...3 where length <= count {
            let lead = self[count - length]
            guard lead & 0b1100_0000 != 0b1000_0000 else { continue }
            let size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1
            guard length < size, lead <= 0xF4 else { return 0 }
            guard length > 1 else { return 1 }
            // The second byte of some is restricted: no overlong forms, surrogates or numbers above U+10FFFF.
            let second = self[count - length + 1]
            let allowed: ClosedRange<UInt8> =
                switch lead {
                case 0xE0: 0xA0...0xBF
                case 0xED: 0x80...0x9F
                case 0xF0: 0x90...0xBF
                case 0xF4: 0x80...0x8F
                default: 0x80...0xBF
                }
            return allowed.contains(second) ? length : 0
        }
        return 0
    }
}
