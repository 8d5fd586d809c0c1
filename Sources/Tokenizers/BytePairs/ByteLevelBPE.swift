/// Byte-level byte-pair encoding as of GPT-2, Whisper and CLIP: text becomes words, words bytes, and bytes tokens.
///
/// It has a token for every byte, so that any text is encoded. Added tokens, normalization and markers belong to the
/// tokenizers that use it.
struct ByteLevelBPE: Sendable {
    private let encoder: BytePairEncoder
    private let preTokenizer: any PreTokenizer
    /// Tokens and their ids, added ones included.
    var table: TokenTable

    /// - Parameters:
    ///   - endOfWord: the suffix of tokens that end a word; empty for vocabularies that have none.
    ///   - unknownToken: the token for bytes that have none; nil to leave such bytes out.
    /// - Throws: `.duplicateToken`, `.missingSpecialToken`, `.malformedMerge`, `.unknownMergeToken`.
    init(
        _ vocabulary: BytePairVocabulary, preTokenizer: any PreTokenizer = GPT2PreTokenizer(), endOfWord: String = "",
        unknownToken: String? = nil
    ) throws(TokenizerError) {
        let table = try TokenTable(vocabulary.tokens, file: vocabulary.tokensFile)
        let unknown = unknownToken.flatMap { table.id($0) }
        if let unknownToken, unknown == nil {
            throw .missingSpecialToken(unknownToken, role: "unk_token", file: vocabulary.tokensFile)
        }
        encoder = try BytePairEncoder(vocabulary, table, endOfWord: endOfWord, unknown: unknown)
        self.preTokenizer = preTokenizer
        self.table = table
    }

    /// The ids of a text.
    func encode(_ text: String) -> [Int32] {
        var ids: [Int32] = []
        let scalars = Array(text.unicodeScalars)
        encode(scalars, scalars.indices, into: &ids)
        return ids
    }

    /// Appends the ids of `text[range]` to `ids`.
    func encode(_ text: [Unicode.Scalar], _ range: Range<Int>, into ids: inout [Int32]) {
        for word in preTokenizer.words(in: text, range) { encoder.encode(text[word].utf8Bytes, into: &ids) }
    }

    /// The text of tokens; bytes that are not UTF-8 become U+FFFD. Ids outside the vocabulary are left out.
    func decode(_ ids: some Sequence<Int32>) -> String { String(decoding: bytes(of: ids), as: UTF8.self) }

    /// The bytes of tokens, of which one character may need several: Whisper decodes a segment's together.
    func bytes(of ids: some Sequence<Int32>) -> [UInt8] {
        var bytes: [UInt8] = []
        for id in ids {
            guard let token = table.token(Int(id)) else { continue }
            let scalars = String(decoding: token, as: UTF8.self).unicodeScalars
            let decoded = scalars.compactMap(ByteAlphabet.byte)
            // A token with a character that stands for no byte is taken as it is written.
            bytes.append(contentsOf: decoded.count == scalars.count ? decoded[...] : token)
        }
        return bytes
    }
}

extension Sequence<Unicode.Scalar> {
    fileprivate var utf8Bytes: [UInt8] {
        var bytes: [UInt8] = []
        for scalar in self { bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter) }
        return bytes
    }
}
