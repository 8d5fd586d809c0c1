import Evaluation
import Testing

@Suite struct WordAlignmentTests {
    @Test func editsOfEachKind() {
        let alignment = WordAlignment(reference: "the cat sat on the mat", hypothesis: "the big cat sit on mat")
        #expect(
            alignment.edits == [
                .equal("the"), .insertion("big"), .equal("cat"), .substitution("sat", with: "sit"), .equal("on"),
                .deletion("the"), .equal("mat"),
            ])
        #expect(WordAlignment(reference: "", hypothesis: "").edits.isEmpty)
        #expect(WordAlignment(reference: "", hypothesis: "a b").edits == [.insertion("a"), .insertion("b")])
        #expect(WordAlignment(reference: "a b", hypothesis: " ").edits == [.deletion("a"), .deletion("b")])
    }

    /// The texts are what the edits say, and their numbers those of the word error rate.
    @Test func agreesWithCounts() {
        var state: UInt64 = 1
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for _ in 0..<300 {
            let texts = (0..<2).map { _ in (0..<next(9)).map { _ in ["a", "b", "c"][next(3)] }.joined(separator: " ") }
            let edits = WordAlignment(reference: texts[0], hypothesis: texts[1]).edits
            let rate = WordErrorRate(reference: texts[0], hypothesis: texts[1])
            var (reference, hypothesis): ([String], [String]) = ([], [])
            var counts = [0, 0, 0]
            for edit in edits {
                switch edit {
                case .equal(let word):
                    reference.append(word)
                    hypothesis.append(word)
                case .substitution(let word, let other):
                    reference.append(word)
                    hypothesis.append(other)
                    counts[0] += 1
                case .deletion(let word):
                    reference.append(word)
                    counts[1] += 1
                case .insertion(let word):
                    hypothesis.append(word)
                    counts[2] += 1
                }
            }
            #expect(reference.joined(separator: " ") == texts[0] && hypothesis.joined(separator: " ") == texts[1])
            #expect(counts == [rate.substitutions, rate.deletions, rate.insertions], "\(texts)")
        }
    }
}
