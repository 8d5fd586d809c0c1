import Foundation
import TensorStore
import Testing
import Tokenizers

@testable import Speech

@Suite struct WordAlignerTests {
    @Test func mediansAreOpenAIs() throws {
        for (index, golden) in try WordGoldens.cases("medians").enumerated() {
            let count = index + 1
            let found = medianFiltered((0..<count).map { WordGoldens.number(count, $0) }[...], width: 7)
            #expect(found.map(Double.init) == golden.list(\.double), "\(count) values")
        }
        #expect(medianFiltered([], width: 7).isEmpty)
    }

    @Test func waysAreOpenAIs() throws {
        let cases = try WordGoldens.cases("warpings")
        #expect(cases.count == 30)
        for (index, golden) in cases.enumerated() {
            let (rows, columns) = try (#require(golden["rows"]?.int), #require(golden["columns"]?.int))
            let scale = Float(try #require(golden["scale"]?.int))
            let values = (0..<rows * columns).map { (WordGoldens.number(index, $0) * scale).rounded(.toNearestOrEven) }
            #expect(
                AlignmentMatrix(rows: rows, columns: columns, values: values).rowStarts == golden["starts"]?.list(\.int),
                "\(index)")
        }
        #expect(AlignmentMatrix(rows: 0, columns: 3, values: []).rowStarts.isEmpty)
        #expect(AlignmentMatrix(rows: 2, columns: 0, values: []).rowStarts.isEmpty)
    }

    /// OpenAI's `find_alignment` from attention to words, with and without spaces between them.
    @Test func wordsAreOpenAIs() async throws {
        let cases = try WordGoldens.cases("alignments")
        #expect(cases.count == 40)
        for (index, golden) in cases.enumerated() {
            let (heads, positions) = try (#require(golden["heads"]?.int), #require(golden["positions"]?.int))
            let text = try #require(golden["tokens"]?.list(\.int))
            let probabilities = try #require(golden["probabilities"]?.list(\.double))
            let source = ScriptedSource { _ in [] }
            source.attend = { tokens, range in
                #expect(tokens == [TestTokenizer.start, TestTokenizer.noTimestamps] + text + [TestTokenizer.end])
                #expect(range == 2..<2 + text.count)
                return TextAttention(
                    scores: (0..<heads * tokens.count * positions).map { WordGoldens.number(index, $0) }, heads: heads,
                    tokens: tokens.count, positions: positions, probabilities: probabilities)
            }
            let language = try #require(golden["language"]?.string.flatMap { WhisperLanguage($0) })
            var aligner = try aligner()
            aligner.language = language
            let found = try await aligner.words(text, source, frames: #require(golden["frames"]?.int))
            let expected = try #require(golden["words"]?.array)
            #expect(found.map(\.tokenCount) == expected.map { $0[1]?.int }, "\(index)")
            let words = found.map { Word(start: $0.start, end: $0.end, text: $0.text, probability: $0.probability) }
            try expectEqual(
                words,
                expected.map { word in
                    Word(
                        start: try #require(word[2]?.double), end: try #require(word[3]?.double),
                        text: try #require(word[0]?.string), probability: try #require(word[4]?.double))
                }, "\(index)")
        }
    }

    /// Neither the network nor a median is asked for what is not there.
    @Test func nothingToAlign() async throws {
        let source = ScriptedSource { _ in [] }
        source.attend = { _, _ in
            Issue.record("nothing was to be aligned")
            return TextAttention(scores: [], heads: 0, tokens: 0, positions: 0, probabilities: [])
        }
        for (text, frames) in [([], 3000), ([97], 0), ([97], 1), ([Int](repeating: 97, count: 446), 3000)] {
            #expect(try await aligner().words(text, source, frames: frames).isEmpty)
        }
    }

    /// Scores that are no numbers, and that are all the same, have times nevertheless.
    @Test(arguments: [Float.nan, 0, .infinity]) func uselessScores(_ score: Float) async throws {
        let source = ScriptedSource { _ in [] }
        source.attend = { tokens, range in
            TextAttention(
                scores: Array(repeating: score, count: 2 * tokens.count * 50), heads: 2, tokens: tokens.count, positions: 50,
                probabilities: range.map { _ in 0.5 })
        }
        let words = try await aligner().words(TestTokenizer.bytes(" ab cd"), source, frames: 80)
        #expect(words.map(\.text) == [" ab", " cd"])
        #expect(words.allSatisfy { $0.start >= 0 && $0.start <= $0.end && $0.end <= 0.8 })
    }

    private func aligner() throws -> WordAligner {
        let tokenizer = try TestTokenizer.make()
        return WordAligner(tokenizer: tokenizer, startSequence: try tokenizer.startSequence(), length: 448)
    }
}
