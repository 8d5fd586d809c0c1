import Testing

@testable import Tokenizers

@Suite struct WeightedPromptTests {
    @Test func readsAsTheWebUIDoes() throws {
        let goldens = try PromptGolden.all()
        #expect(goldens.count > 30)
        for golden in goldens {
            #expect(WeightedPrompt(parsing: golden.prompt).parts == golden.parts, "\(golden.prompt.prefix(80))")
        }
    }

    /// The examples in the documentation of the web UI's `parse_prompt_attention`.
    @Test func documentedExamples() {
        let parts = WeightedPrompt(parsing: "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).").parts
        let expected: KeyValuePairs = [
            "a ": 1.0, "house": 1.5730000000000004, " ": 1.1, "on": 1.0, " a ": 1.1, "hill": 0.55, ", sun, ": 1.1,
            "sky": 1.4641000000000006, ".": 1.1,
        ]
        #expect(parts == expected.map { .text($0.key, weight: $0.value) })
        #expect(WeightedPrompt(parsing: #"\(literal\]"#).parts == [.text("(literal]", weight: 1)])
        #expect(WeightedPrompt(parsing: "(unnecessary)(parens)").parts == [.text("unnecessaryparens", weight: 1.1)])
    }

    @Test func weightsThatAreNoNumbersAreText() {
        #expect(WeightedPrompt(parsing: "(a:1.2.3)").parts == [.text("a:1.2.3", weight: 1.1)])
        #expect(WeightedPrompt(parsing: "(a:.)").parts == [.text("a:.", weight: 1.1)])
        #expect(WeightedPrompt(parsing: "(a:+)").parts == [.text("a:+", weight: 1.1)])
        let huge = String(repeating: "9", count: 400)
        #expect(WeightedPrompt(parsing: "(a:\(huge))").parts == [.text("a:\(huge)", weight: 1.1)])
    }

    /// Where AUTOMATIC1111's parser would draw the word.
    @Test func breaksWithinBracketsAreBreaks() {
        #expect(
            WeightedPrompt(parsing: "(a BREAK b:1.5)").parts == [.text("a", weight: 1.5), .chunkBreak, .text("b", weight: 1.5)])
    }

    /// A mark that belongs to a bracket's character takes nothing from its meaning.
    @Test func bracketsCountByScalars() {
        #expect(WeightedPrompt(parsing: "(\u{301}a)").parts == [.text("\u{301}a", weight: 1.1)])
    }

    @Test func bracketsBeyondTheDepthLimitAreText() throws {
        let parts = WeightedPrompt(parsing: String(repeating: "(", count: 260) + "a").parts
        guard case .text(let text, let weight) = try #require(parts.first) else { return #expect(parts.isEmpty) }
        #expect(text == "((((a" && parts.count == 1)
        #expect(abs(weight / 39_395_240_334 - 1) < 0.01)
    }

    @Test func survivesAnything() {
        var prompts = RandomPrompts(seed: 1)
        var weights: Set<Double> = []
        for _ in 0..<20_000 {
            for case .text(let text, let weight) in WeightedPrompt(parsing: prompts.next()).parts {
                weights.insert(weight)
                guard !text.isEmpty else {
                    Issue.record("an empty text")
                    return
                }
            }
        }
        #expect(weights.count > 50)
        #expect(weights.allSatisfy { !$0.isNaN })
    }
}
