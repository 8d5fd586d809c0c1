import Evaluation
import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Tokenizers

/// Counts of jiwer: `Tests/Goldens/Evaluation/errors/make.py`.
@Suite struct ErrorRateGoldenTests {
    @Test func wordsAndCharacters() throws {
        let file = try MappedFile(path: Goldens.url("Evaluation/errors/rates.json.gz").path)
        let golden = try JSONValue(parsing: withExtendedLifetime(file) { try Gzip.unpacked(file.bytes) })
        let cases = try #require(golden["cases"]?.array)
        var totals = (words: WordErrorRate(), characters: WordErrorRate())
        for entry in cases {
            let values = try #require(entry.array)
            let (reference, hypothesis) = (try #require(values[0].string), try #require(values[1].string))
            let words = WordErrorRate(reference: reference, hypothesis: hypothesis)
            let characters = WordErrorRate.ofCharacters(reference: reference, hypothesis: hypothesis)
            #expect(
                [words.errorCount, characters.errorCount] == values[2].array?.compactMap(\.int), "\(reference) \(hypothesis)")
            #expect(words.rate == values[3].double && characters.rate == values[4].double)
            totals = (totals.words + words, totals.characters + characters)
        }
        #expect(
            cases.count == 120 && totals.words.rate == golden["wer"]?.double && totals.characters.rate == golden["cer"]?.double)
    }
}
