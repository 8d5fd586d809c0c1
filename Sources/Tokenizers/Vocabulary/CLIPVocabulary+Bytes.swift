extension CLIPVocabulary {
    /// Tokens and merges given as the bytes that they stand for, rather than as the characters that vocab.json writes for them.
    /// - Parameter file: what errors call the source.
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
}
