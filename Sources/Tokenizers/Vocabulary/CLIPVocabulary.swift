/// Tokens and merges of a byte-level byte-pair encoding, as vocab.json and merges.txt hold them.
public struct CLIPVocabulary: Sendable, Equatable {
    /// By id. Bytes are written as in GPT-2's vocabulary, ends of words with "</w>".
    public let tokens: [String]
    /// "left right", the first to be merged first.
    public let merges: [String]
    /// What errors call the sources.
    let tokensFile: String
    let mergesFile: String
    /// The line of the first merge.
    let firstMergeLine: Int

    public init(tokens: [String], merges: [String]) {
        self.init(
            tokens: tokens, merges: merges, tokensFile: "the vocabulary", mergesFile: "the merges", firstMergeLine: 1)
    }

    init(tokens: [String], merges: [String], tokensFile: String, mergesFile: String, firstMergeLine: Int) {
        self.tokens = tokens
        self.merges = merges
        self.tokensFile = tokensFile
        self.mergesFile = mergesFile
        self.firstMergeLine = firstMergeLine
    }

    /// CLIP's order: bytes, bytes that end a word, what `merges` make, the two markers.
    public init(merges: [String]) {
        let bytes = ByteAlphabet.listed.map { String(ByteAlphabet.scalars[Int($0)]) }
        self.init(
            tokens: bytes + bytes.map { "\($0)</w>" } + merges.map { $0.filter { $0 != " " } }
                + ["<|startoftext|>", "<|endoftext|>"],
            merges: merges)
    }

    public static func == (a: CLIPVocabulary, b: CLIPVocabulary) -> Bool {
        a.tokens.elementsEqual(b.tokens) { $0.utf8.elementsEqual($1.utf8) }
            && a.merges.elementsEqual(b.merges) { $0.utf8.elementsEqual($1.utf8) }
    }
}
