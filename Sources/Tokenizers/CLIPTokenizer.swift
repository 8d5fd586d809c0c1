public import Foundation

/// CLIP's tokenizer: the ids of transformers 5's `CLIPTokenizer`, for any text.
///
/// The text is searched for added tokens, normalized (composed, lowercased), split into words, and each word encoded by byte
/// pairs; a begin and an end marker enclose it all. `do_lower_case` and `add_prefix_space` are ignored, as they are there.
/// An added token that is special is found in a prompt too: with SD 2's padding, "!" is one token wherever it stands.
///
/// Encoding is a pure function of its arguments: a tokenizer can be used from any number of tasks at once, and keeps no cache.
public struct CLIPTokenizer: Sendable {
    public let configuration: CLIPTokenizerConfiguration
    public let bosTokenID: Int32
    public let eosTokenID: Int32
    public let padTokenID: Int32
    var bytePairs: ByteLevelBPE
    /// Added tokens that are looked for in the text as given, and in the normalized text.
    let rawTokens: AddedTokenSplitter
    var normalizedTokens: AddedTokenSplitter
    /// Added tokens that stand for several ids in a row, theirs the first.
    var vectorCounts: [Int32: Int] = [:]

    /// The suffix of tokens that end a word.
    static let endOfWord = "</w>"

    /// Reads a folder with tokenizer.json, or vocab.json and merges.txt; tokenizer_config.json, special_tokens_map.json and
    /// added_tokens.json count where they are there.
    /// - Throws: `TokenizerError`, with the file and the line or path at fault.
    public init(folder: URL) throws(TokenizerError) {
        let files = try TokenizerFolder(folder)
        try self.init(vocabulary: BytePairVocabulary(files), configuration: ConfigurationReader.read(files))
    }

    /// Takes the vocabulary from elsewhere, and the rest from the files of a folder that has no vocabulary.
    /// - Throws: as `init(folder:)`.
    public init(vocabulary: BytePairVocabulary, optionsFrom folder: URL) throws(TokenizerError) {
        try self.init(vocabulary: vocabulary, configuration: ConfigurationReader.read(TokenizerFolder(folder)))
    }

    /// Whether `folder` has a vocabulary that `init(folder:)` reads.
    public static func hasVocabulary(_ folder: URL) -> Bool {
        func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.appending(path: name).path) }
        return has("tokenizer.json") || has("vocab.json") || has("merges.txt")
    }

    /// - Throws: `.malformedMerge`, `.unknownMergeToken`; `.missingSpecialToken` for a named token that is not in the vocabulary.
    public init(
        vocabulary: BytePairVocabulary, configuration: CLIPTokenizerConfiguration = CLIPTokenizerConfiguration()
    ) throws(TokenizerError) {
        guard configuration.modelMaxLength >= 2 else {
            throw .option(
                "model_max_length", expected: "at least 2", found: "\(configuration.modelMaxLength)", file: configuration.file)
        }
        bytePairs = try ByteLevelBPE(
            vocabulary, preTokenizer: CLIPPreTokenizer(), endOfWord: Self.endOfWord,
            unknownToken: configuration.unkToken.content)
        let added = try Self.add(configuration, to: &bytePairs.table, vocabulary.tokensFile)
        rawTokens = AddedTokenSplitter(added.filter { !$0.token.isNormalized }) { $0 }
        normalizedTokens = AddedTokenSplitter(added.filter(\.token.isNormalized), normalize: TextNormalizer.normalized)

        let table = bytePairs.table
        let unknown = table.id(configuration.unkToken.content) ?? 0
        func id(_ token: AddedToken) -> Int32 { table.id(token.content) ?? unknown }
        bosTokenID = id(configuration.bosToken)
        eosTokenID = id(configuration.eosToken)
        padTokenID = id(configuration.padToken)
        self.configuration = configuration
    }

    /// Tokens the text encoder takes, begin and end included.
    public var modelMaxLength: Int { configuration.modelMaxLength }

    /// All tokens, added ones included: ids are below it.
    public var vocabularyCount: Int { bytePairs.table.count }

    /// Gives each added token an id: its own if `table` has it, else the next one. Of two entries of one token the later one counts.
    private static func add(
        _ configuration: CLIPTokenizerConfiguration, to table: inout TokenTable, _ file: String
    ) throws(TokenizerError) -> [(token: AddedToken, id: Int32)] {
        let placed = Set(configuration.addedTokens.values.map { Array($0.content.utf8) })
        for (role, token) in configuration.namedTokens
        where table.id(token.content) == nil && !placed.contains(Array(token.content.utf8)) {
            throw .missingSpecialToken(token.content, role: role, file: file)
        }
        var tokens: [Int32: AddedToken] = [:]
        for token in configuration.tokensToAdd {
            guard let id = table.id(token.content) ?? table.append(token.content) else { continue }
            tokens[id] = token
        }
        for (expected, token) in configuration.addedTokens.sorted(by: { $0.key < $1.key }) {
            guard let id = table.id(token.content), Int(id) != expected else { continue }
            throw .addedTokenID(token.content, expected: Int(id), found: expected, file: configuration.file)
        }
        return tokens.sorted { $0.key < $1.key }.map { ($0.value, $0.key) }
    }
}

extension CLIPTokenizer {
    /// The ids of a text.
    public struct Encoding: Sendable, Equatable {
        /// Begin marker, tokens, end marker, padding.
        public let ids: [Int32]
        /// Tokens of the whole text, markers included, whether they fit or not.
        public let tokenCount: Int
        /// Tokens that were cut off, because the text is longer than the encoder takes.
        public let droppedIDs: [Int32]
        /// The text of the dropped tokens, as diffusers' warning shows it; empty where all fit.
        public let droppedText: String
    }

    /// Encodes the whole text, however long it is, without padding.
    public func encode(_ text: String) -> Encoding {
        let ids = [bosTokenID] + tokens(text) + [eosTokenID]
        return Encoding(ids: ids, tokenCount: ids.count, droppedIDs: [], droppedText: "")
    }

    /// Encodes as much of the text as `maxLength` tokens can hold.
    ///
    /// - Parameters:
    ///   - maxLength: markers included; `modelMaxLength` is what the model's folder asks for. The markers stay in any case:
    ///     less than 2 counts as 2.
    ///   - padded: whether to fill up to `maxLength` with `padTokenID`.
    public func encode(_ text: String, maxLength: Int, padded: Bool = true) -> Encoding {
        let length = max(2, maxLength)
        let tokens = tokens(text)
        let dropped = Array(tokens.dropFirst(length - 2))
        var ids = [bosTokenID] + tokens.prefix(length - 2) + [eosTokenID]
        if padded { ids += Array(repeating: padTokenID, count: length - ids.count) }
        return Encoding(
            ids: ids, tokenCount: tokens.count + 2, droppedIDs: dropped, droppedText: dropped.isEmpty ? "" : decode(dropped))
    }

    /// The ids of a text, without markers.
    func tokens(_ text: String) -> [Int32] {
        var ids: [Int32] = []
        let scalars = Array(text.unicodeScalars)
        for piece in rawTokens.split(scalars) {
            switch piece {
            case .token(let id): ids.append(id)
            case .text(let range): encode(TextNormalizer.normalized(scalars[range]), into: &ids)
            }
        }
        return ids
    }

    private func encode(_ normalized: [Unicode.Scalar], into ids: inout [Int32]) {
        for piece in normalizedTokens.split(normalized) {
            switch piece {
            case .token(let id): ids.append(contentsOf: id..<id + Int32(vectorCounts[id] ?? 1))
            case .text(let range): bytePairs.encode(normalized, range, into: &ids)
            }
        }
    }
}

extension CLIPTokenizer {
    /// The text of tokens, as transformers' `decode` has it: lowercased, a space after each word, trimmed; bytes that make no
    /// UTF-8 become U+FFFD. Ids outside the vocabulary are left out.
    public func decode(_ ids: some Sequence<Int32>) -> String {
        let text = bytePairs.decode(ids).unicodeScalars
        return String(String.UnicodeScalarView(Self.withSpaces(Array(text)).strippedAsInPython))
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
}
