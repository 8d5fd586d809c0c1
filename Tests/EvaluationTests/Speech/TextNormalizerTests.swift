import Evaluation
import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Tokenizers

/// What openai-whisper's normalizers say: `Tests/Goldens/Evaluation/speech/make.py`.
@Suite struct TextNormalizerTests {
    private static let golden = Result {
        let file = try MappedFile(path: Goldens.url("Evaluation/speech/normalized.json.gz").path)
        return try JSONValue(parsing: withExtendedLifetime(file) { try Gzip.unpacked(file.bytes) })
    }

    private static func cases(_ name: String) throws -> [[String]] {
        try #require(golden.get()[name]?.array).map { try #require($0.array).compactMap(\.string) }
    }

    @Test func english() throws {
        let normalizer = try EnglishTextNormalizer()
        let cases = try Self.cases("english")
        #expect(cases.count > 400)
        for texts in cases {
            let found = normalizer(texts[0])
            #expect(
                found.utf8.elementsEqual(texts[1].utf8),
                "\(texts[0].debugDescription): \(found.debugDescription), not \(texts[1].debugDescription)")
        }
    }

    @Test(arguments: [(false, false, 1), (true, false, 2), (false, true, 3)]) func basic(
        _ removesDiacritics: Bool, _ splitsLetters: Bool, _ column: Int
    ) throws {
        let normalizer = BasicTextNormalizer(removesDiacritics: removesDiacritics, splitsLetters: splitsLetters)
        for texts in try Self.cases("basic") {
            let found = normalizer(texts[0])
            #expect(
                found.utf8.elementsEqual(texts[column].utf8),
                "\(texts[0].debugDescription): \(found.debugDescription), not \(texts[column].debugDescription)")
        }
    }

    /// Time grows with the length, whatever opens and is not closed.
    @Test func longTexts() throws {
        let normalizer = try EnglishTextNormalizer()
        #expect(normalizer(String(repeating: "(", count: 20_000)).isEmpty)
        #expect(normalizer(String(repeating: "<", count: 20_000)).isEmpty)
        #expect(normalizer(String(repeating: "9", count: 5_000)).count == 5_000)
    }
}

@Suite struct WordErrorRateTests {
    @Test func editsOfEachKind() {
        func counts(_ reference: String, _ hypothesis: String) -> [Int] {
            let rate = WordErrorRate(reference: reference, hypothesis: hypothesis)
            return [rate.substitutions, rate.deletions, rate.insertions, rate.wordCount]
        }
        #expect(counts("the cat sat on the mat", "the cat sat on the mat") == [0, 0, 0, 6])
        #expect(counts("the cat sat on the mat", "the cat sit on mat") == [1, 1, 0, 6])
        #expect(counts("a b", "x a y b z") == [0, 0, 3, 2])
        #expect(counts("a b c", "") == [0, 3, 0, 3] && counts("", "a\n b") == [0, 0, 2, 0] && counts("", " ") == [0, 0, 0, 0])
        #expect(WordErrorRate(reference: "", hypothesis: "a").rate == nil)
        let sum = WordErrorRate(reference: "a b", hypothesis: "a") + WordErrorRate(reference: "c d", hypothesis: "x d e")
        #expect(sum.rate == 0.75 && sum.errorCount == 3 && sum.wordCount == 4)
    }

    /// The fewest edits, as tried out one by one.
    @Test func fewestEdits() {
        func edits(_ a: ArraySlice<Substring>, _ b: ArraySlice<Substring>) -> Int {
            guard let x = a.first, let y = b.first else { return a.count + b.count }
            if x == y { return edits(a.dropFirst(), b.dropFirst()) }
            return 1 + min(edits(a.dropFirst(), b), edits(a, b.dropFirst()), edits(a.dropFirst(), b.dropFirst()))
        }
        for seed in 0..<200 {
            func words(_ seed: Int) -> [Substring] {
                (0..<seed * 7919 % 6).map { "abc".dropFirst((seed * 31 + $0 * $0 * 17) / 3 % 3).prefix(1) }
            }
            let (reference, hypothesis) = (words(seed), words(seed * 13 + 5))
            let rate = WordErrorRate(reference: reference, hypothesis: hypothesis)
            #expect(rate.errorCount == edits(reference[...], hypothesis[...]), "\(reference) \(hypothesis)")
            #expect(rate.wordCount - rate.deletions + rate.insertions == hypothesis.count)
        }
    }
}
