import Testing

@testable import Tokenizers

/// A tiny vocabulary of GPT-2's kind: all bytes, no suffix at ends of words, a space at the start of words.
struct ByteLevelBPETests {
    private static let merges = ["h e", "l l", "he ll", "hell o", "\u{120} w", "o r", "\u{120}w or", "l d", "\u{120}wor ld"]

    private static func vocabulary(merges: [String] = merges) -> BytePairVocabulary {
        let bytes = ByteAlphabet.listed.map { String(ByteAlphabet.scalars[Int($0)]) }
        return BytePairVocabulary(
            tokens: bytes + merges.map { $0.filter { $0 != " " } } + ["<|endoftext|>"], merges: merges)
    }

    @Test func mergesAndRanks() throws {
        let tokenizer = try ByteLevelBPE(Self.vocabulary())
        // 256 bytes, then the merges in their order: "hello" is the fourth, " world" the last.
        #expect(tokenizer.encode("hello world") == [256 + 3, 256 + 8])
        // Without the space before it, the word has no token of its own.
        #expect(tokenizer.encode("world").count == 3)
        #expect(tokenizer.encode("hellos") == tokenizer.encode("hello") + tokenizer.encode("s"))
        #expect(tokenizer.encode("").isEmpty)
    }

    @Test(arguments: [
        "hello world", " hello  world \n\t x", "it's 12345, isn't it?!", "caf\u{E9} e\u{301} \u{1F600}", "\0\u{7F}\u{AD}", "   ",
        "\u{4F60}\u{597D}, \u{43F}\u{440}\u{438}\u{432}\u{435}\u{442}", "'", "\r\n\r\n", "a\u{A0}b\u{3000}c",
    ]) func encodedAndDecoded(_ text: String) throws {
        let tokenizer = try ByteLevelBPE(Self.vocabulary())
        let ids = tokenizer.encode(text)
        #expect(Array(tokenizer.decode(ids).utf8) == Array(text.utf8))
        #expect(tokenizer.bytes(of: ids) == Array(text.utf8))
    }

    @Test func idsOutsideTheVocabularyAreLeftOut() throws {
        let tokenizer = try ByteLevelBPE(Self.vocabulary())
        #expect(tokenizer.decode([-1, 259, 100_000]) == "hello")
        // Half of a character of two bytes.
        #expect(tokenizer.decode(tokenizer.encode("\u{E9}").prefix(1)) == "\u{FFFD}")
    }

    @Test func bytesWithoutTokens() throws {
        let vocabulary = BytePairVocabulary(tokens: ["a", "b", "ab", "?"], merges: ["a b"])
        #expect(try ByteLevelBPE(vocabulary).encode("abxa") == [2, 0])
        #expect(try ByteLevelBPE(vocabulary, unknownToken: "?").encode("abxa") == [2, 3, 0])
        #expect(throws: TokenizerError.missingSpecialToken("!", role: "unk_token", file: "the vocabulary")) {
            try ByteLevelBPE(vocabulary, unknownToken: "!")
        }
    }

    /// By GPT-2's expression, as Python's `regex` splits these.
    @Test(arguments: [
        ("hello world", ["hello", " world"]), ("a  b", ["a", " ", " b"]), ("a \n b", ["a", " \n", " b"]),
        ("a\nb", ["a", "\n", "b"]),
        ("we'll go's", ["we", "'ll", " go", "'s"]), ("x 12y!? z", ["x", " 12", "y", "!?", " z"]), ("a   ", ["a", "   "]),
        (" 'tis", [" '", "tis"]), ("a\n\nb", ["a", "\n", "\n", "b"]), (" ", [" "]),
    ]) func wordsOfGPT2(_ text: String, _ expected: [String]) {
        let scalars = Array(text.unicodeScalars)
        let words = GPT2PreTokenizer().words(in: scalars, scalars.indices).map { range in
            String(String.UnicodeScalarView(scalars[range]))
        }
        #expect(words == expected)
    }
}
