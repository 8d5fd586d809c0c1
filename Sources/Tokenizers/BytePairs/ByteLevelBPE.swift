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

/// The printable characters that stand for bytes in a byte-level vocabulary (GPT-2's `bytes_to_unicode`): printable Latin-1
/// stands for itself, the other 68 bytes for U+0100 and on, in their order.
enum ByteAlphabet {
    /// By byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt8 = 0
        return (UInt8.min...UInt8.max).map { byte in
            if isPrintable(byte) { return Unicode.Scalar(byte) }
            defer { next += 1 }
            // U+0100 to U+0143.
            return Unicode.Scalar(UInt16(0x100) + UInt16(next)) ?? Unicode.Scalar(byte)
        }
    }()

    private static let bytes = Dictionary(
        scalars.enumerated().map { ($0.element, UInt8($0.offset)) }, uniquingKeysWith: { first, _ in first })

    /// The byte that `scalar` stands for; nil if it stands for none.
    static func byte(_ scalar: Unicode.Scalar) -> UInt8? { bytes[scalar] }

    /// The bytes in the order in which CLIP's vocabulary lists them: those that stand for themselves first.
    static let listed: [UInt8] = {
        let all = Array(UInt8.min...UInt8.max)
        return all.filter(isPrintable) + all.filter { !isPrintable($0) }
    }()

    private static func isPrintable(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
    }
}

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
    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
        Array<Unicode.Scalar>($0.unicodeScalars)
    }

    /// The length of the English contraction that the scalars begin with; nil where there is none.
    var contraction: Int? {
        guard first == "'" else { return nil }
        return Self.contractions.first { starts(with: $0) }?.count
    }
}
