import Testing
import Tokenizers

@testable import Speech

@Suite struct WindowPromptTests {
    private func prompt(previous: [Int] = [], isFirst: Bool = false, change: (inout DecodingOptions) -> Void = { _ in }) throws
        -> WindowPrompt
    {
        var options = DecodingOptions()
        change(&options)
        let tokenizer = try TestTokenizer.make()
        return WindowPrompt(
            tokenizer, startSequence: try tokenizer.startSequence(), previous: previous, isFirst: isFirst, length: 448, options)
    }

    @Test func startAlone() throws {
        let first = try prompt(isFirst: true)
        #expect(first.tokens == [TestTokenizer.start] && first.start == 0 && first.room == 224 && !first.hasPrefix)
        #expect(try prompt { $0.timestamps = false }.tokens == [TestTokenizer.start, TestTokenizer.noTimestamps])
    }

    @Test func earlierTextComesFirst() throws {
        let found = try prompt(previous: [97, 98])
        #expect(found.tokens == [TestTokenizer.previous, 97, 98, TestTokenizer.start] && found.start == 3)
        let long = try prompt(previous: Array(repeating: 97, count: 999) + [98])
        #expect(long.start == 224 && long.tokens[223] == 98 && long.room == 448 - 225)
    }

    @Test func hotwordsAndPrefix() throws {
        let hot = try prompt(previous: [99]) { $0.hotwords = "  ab " }
        #expect(hot.tokens == [TestTokenizer.previous] + TestTokenizer.bytes(" ab") + [99, TestTokenizer.start])
        let begun = try prompt(isFirst: true) { ($0.prefix, $0.hotwords) = ("x", "ab") }
        #expect(
            begun.tokens == [TestTokenizer.start, TestTokenizer.timestampBegin] + TestTokenizer.bytes(" x") && begun.hasPrefix)
        // The prefix is the first window's.
        #expect(try prompt { $0.prefix = "x" }.tokens == [TestTokenizer.start])
    }

    /// Hotwords, prefix and earlier text of any length leave room for a text.
    @Test func thereIsAlwaysRoom() throws {
        let long = String(repeating: "word ", count: 500)
        for isFirst in [false, true] {
            let found = try prompt(previous: Array(repeating: 97, count: 999), isFirst: isFirst) {
                ($0.hotwords, $0.prefix) = (long, isFirst ? long : nil)
            }
            #expect(found.tokens.count + found.room <= 448 && found.room >= 100)
            #expect(found.tokens[found.start] == TestTokenizer.start)
        }
    }
}
