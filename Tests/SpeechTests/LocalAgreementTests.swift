import Testing

@testable import Speech

@Suite struct LocalAgreementTests {
    @Test func wordsOfTwoHypothesesInARow() {
        var agreement = LocalAgreement()
        func settled(_ words: [String], most: Int = .max) -> Int { agreement.settled(words, most: most) }
        #expect(settled(["a", "b"]) == 0)
        #expect(settled(["a", "b", "c"]) == 2)
        #expect(agreement.open == ["c"])
        // Hypotheses continue the settled words.
        #expect(settled(["d", "e"]) == 0)
        #expect(settled(["d", "x", "e"]) == 1)
        #expect(settled(["x", "e", "f"]) == 2)
        agreement.reset()
        #expect(settled(["f"]) == 0)
        #expect(settled([]) == 0)
        #expect(settled(["f"]) == 0)
        #expect(settled(["f", "g"], most: 0) == 0)
        #expect(settled(["f", "g", "h"], most: 1) == 1)
    }

    /// Words share the time between timestamps by their length, and settled ones are left out.
    @Test func timesOfWords() throws {
        let tokenizer = try TestTokenizer.make()
        let begin = TestTokenizer.timestampBegin
        let tokens =
            [begin] + TestTokenizer.bytes(" ab cd") + [begin + 50, begin + 100] + TestTokenizer.bytes(" efg") + [begin + 150]
        let words = HypothesisWord.words(of: tokens, settled: 4, tokenizer, TestTokenizer.rules, seconds: 9)
        #expect(words.map(\.text) == [" cd", " efg"])
        #expect(words.map { ($0.start * 100).rounded() } == [50, 200] && words.map { ($0.end * 100).rounded() } == [100, 300])
        #expect(words[1].tokens == [begin + 50, begin + 100] + TestTokenizer.bytes(" efg"))
        // A settled word may go on, and a text may have no end yet.
        let open = HypothesisWord.words(of: Array(tokens[..<7]), settled: 6, tokenizer, TestTokenizer.rules, seconds: 12)
        #expect(open.map(\.text) == ["d"] && open.map(\.end) == [12] && open.map(\.start) == [10])
    }
}
