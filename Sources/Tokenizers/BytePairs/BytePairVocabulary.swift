/// Tokens and merges of a byte-level byte-pair encoding, as vocab.json and merges.txt hold them.
public struct BytePairVocabulary: Sendable, Equatable {
    /// The tokens by id. Bytes are written as in GPT-2's vocabulary (see `ByteAlphabet`); some vocabularies mark ends of words
    /// with a suffix, as CLIP's with "</w>".
    public let tokens: [String]
    /// Pairs "left right" in the order of their ranks: the first is merged first.
    public let merges: [String]
    /// The names of the sources in errors.
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

    /// Tokens and merges given as bytes, not as the characters that stand for them in vocab.json.
    /// - Parameter file: the source's name in errors.
    public init(bytes tokens: [[UInt8]], merges: [(left: [UInt8], right: [UInt8])], file: String) {
        func text(_ bytes: [UInt8]) -> String {
            var text = String.UnicodeScalarView()
            for byte in bytes { text.append(ByteAlphabet.scalars[Int(byte)]) }
            return String(text)
        }
        self.init(
            tokens: tokens.map(text), merges: merges.map { "\(text($0.left)) \(text($0.right))" }, tokensFile: file,
            mergesFile: "the merges in \(file)", firstMergeLine: 1)
    }

    public static func == (a: BytePairVocabulary, b: BytePairVocabulary) -> Bool {
        a.tokens.elementsEqual(b.tokens) { $0.utf8.elementsEqual($1.utf8) }
            && a.merges.elementsEqual(b.merges) { $0.utf8.elementsEqual($1.utf8) }
    }
}
