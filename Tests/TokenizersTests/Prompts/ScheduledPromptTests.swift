import TestSupport
import Testing
import Tokenizers

/// Expected texts are those of AUTOMATIC1111's web UI 1.10.
@Suite struct ScheduledPromptTests {
    struct Case: CustomTestStringConvertible {
        let prompt: String
        let texts: [(lastStep: Int, text: String)]
        init(_ prompt: String, _ texts: [(Int, String)]) { (self.prompt, self.texts) = (prompt, texts) }
        var testDescription: String { prompt }
    }

    private func parts(_ prompt: String, steps: Int = 10) -> [(lastStep: Int, text: String)] {
        ScheduledPrompt(parsing: prompt).parts(steps: steps).map { ($0.lastStep, $0.text) }
    }

    @Test(arguments: [
        Case("test", [(10, "test")]),
        Case("", [(10, "")]),
        Case("a [b:3]", [(3, "a "), (10, "a b")]),
        Case("a [b: 3]", [(3, "a "), (10, "a b")]),
        Case("a [b:3 ]", [(3, "a "), (10, "a b")]),
        Case("a [b::3]", [(3, "a b"), (10, "a ")]),
        Case("a [:b:3]", [(3, "a "), (10, "a b")]),
        Case("a [[[b]]:2]", [(2, "a "), (10, "a [[b]]")]),
        Case("[(a:2):3]", [(3, ""), (10, "(a:2)")]),
        Case("([a:b:3]:1.2)", [(3, "(a:1.2)"), (10, "(b:1.2)")]),
        Case("a [b : c : 1] d", [(1, "a b  d"), (10, "a  c  d")]),
        Case("a[b:[c:d:2]:1]e", [(1, "abe"), (2, "ace"), (10, "ade")]),
        Case("a [unbalanced", [(10, "a [unbalanced")]),
        Case("a] [b:3]", [(3, "a] "), (10, "a] b")]),
        Case("((a][:b:c [d:3]", [(3, "((a][:b:c "), (10, "((a][:b:c d")]),
        Case("a [b:.5] c", [(5, "a  c"), (10, "a b c")]),
        Case("a [b:c:1.0]", [(10, "a b")]),
        Case("a [b:c:1]", [(1, "a b"), (10, "a c")]),
        Case("a [b:c:0]", [(10, "a c")]),
        Case("a [b:c:-0.5]", [(10, "a c")]),
        Case("a [b:c:99]", [(10, "a b")]),
        Case("a [b:c:0.39]", [(3, "a b"), (10, "a c")]),
        Case("[less] (more:1.2)", [(10, "[less] (more:1.2)")]),
        Case("[a:b]", [(10, "[a:b]")]),
        Case("[a:b:c:3]", [(10, "[a:b:c:3]")]),
        Case(#"\[a:b:3] [c\:d:e:3]"#, [(3, #"\[a:b:3] c\:d"#), (10, #"\[a:b:3] e"#)]),
        Case("a [{b|d{:.5] c", [(5, "a  c"), (10, "a {b|d{ c")]),
        Case("[a|b:3]", [(3, ""), (10, "a|b")]),
    ])
    func changes(_ test: Case) {
        let found = parts(test.prompt)
        #expect(found.map(\.lastStep) == test.texts.map(\.lastStep))
        #expect(found.map(\.text) == test.texts.map(\.text))
    }

    @Test func turns() {
        #expect(parts("[a|(b:1.1)]", steps: 4).map(\.text) == ["a", "(b:1.1)", "a", "(b:1.1)"])
        #expect(parts("[fe|]male", steps: 3).map(\.text) == ["female", "male", "female"])
        #expect(parts("[fe|||]male", steps: 5).map(\.text) == ["female", "male", "female"])
        #expect(parts("[fe|||]male", steps: 5).map(\.lastStep) == [1, 4, 5])
        #expect(parts("[a|[b:c:2]|d]", steps: 5).map(\.text) == ["a", "b", "d", "a", "c"])
    }

    @Test func numbersOfAnySizeAreSteps() {
        #expect(parts("[a:b:1e300]").map(\.text) == ["a"])
        #expect(parts("[a:b:1e999]").map(\.text) == ["[a:b:1e999]"])
        #expect(parts("[a:b:99999999999999999999999.5]").map(\.text) == ["a"])
        #expect(parts("[a:b:-99999999999999999999999]").map(\.text) == ["b"])
    }

    /// Any text gives parts that cover all steps in order.
    @Test func anythingIsRead() {
        var random = SplitMix64(state: 7)
        let pieces = ["[", "]", ":", "|", "(", ")", "\\", "a", "é", "3", ".5", " ", "1e9"]
        for _ in 0..<3000 {
            let prompt = (0..<Int.random(in: 0...14, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            let found = parts(prompt.joined(), steps: 5)
            #expect(found.last?.lastStep == 5)
            #expect(found.map(\.lastStep) == found.map(\.lastStep).sorted())
        }
    }

    @Test func deepNestingEnds() {
        for mark in ["[", "[a:", "[a|", "]", "("] {
            #expect(parts(String(repeating: mark, count: 20_000)).last?.lastStep == 10)
        }
        let nested = String(repeating: "[a:", count: 200) + "b" + String(repeating: ":2]", count: 200)
        #expect(parts(nested).map(\.text) == ["a", "b"])
    }
}
