import Foundation
import Tokenizers
import Testing

@testable import Evaluation

@Suite struct WordErrorReportTests {
    private typealias Result = WordErrorReport.SampleResult

    private func result(_ audio: String, _ reference: String, _ hypothesis: String) throws -> Result {
        Result(
            audio: audio, reference: reference, hypothesis: hypothesis, normalizer: try TextNormalizer(.basic, language: nil),
            audioSeconds: 4, seconds: 1)
    }

    private func systems() throws -> [(name: String, loadSeconds: Double, results: [Result])] {
        [
            (
                "base", 2,
                [
                    try result("a.wav", "One two three four.", "one two three four"),
                    try result("b.wav", "five <six>", "five sex"), try result("c.wav", "", ""),
                ]
            ),
            (
                "int8", 1,
                [
                    try result("a.wav", "One two three four.", "one two tree four"),
                    try result("b.wav", "five <six>", "fife seven & eight"), try result("c.wav", "", "thanks"),
                ]
            ),
        ]
    }

    private func report() throws -> WordErrorReport {
        WordErrorReport(
            try systems(), normalizer: try TextNormalizer(.basic, language: nil),
            failures: [.init(audio: "d.wav", reason: "it is empty")])
    }

    /// `<six>` is taken for markup, so that the second reference has one word.
    @Test func figures() throws {
        let report = try report()
        #expect(report.sampleCount == 3 && report.wordCount == 5 && report.wordlessSampleCount == 1 && report.audioSeconds == 12)
        let (base, int8) = (report.variants[0], report.variants[1])
        #expect(base.werPercent == 20 && [base.substitutions, base.deletions, base.insertions] == [0, 0, 1])
        // Spaces that normalization leaves at the ends of texts count for nothing.
        #expect(abs((base.cerPercent ?? 0) - 400.0 / 22) < 1e-9)
        // 0 % and 100 %: the sample without words has no rate.
        #expect(base.meanSampleWERPercent == 50 && base.accuracyPercent == 50)
        #expect(base.transcriptionSeconds == 3 && base.realTimeFactor == 0.25 && base.loadSeconds == 2 && base.difference == nil)
        #expect(int8.werPercent == 100 && [int8.substitutions, int8.deletions, int8.insertions] == [2, 0, 3])
        #expect(int8.meanSampleWERPercent == 162.5 && int8.accuracyPercent == -62.5)
        let difference = try #require(int8.difference)
        #expect(difference.baseline == "base" && abs(difference.werPoints - 80) < 1e-9)
        #expect(difference.lowerPoints < 80 && difference.upperPoints > 80)
    }

    @Test func jsonNamesUnits() throws {
        let text = String(decoding: try JSONEncoder().encode(report()), as: UTF8.self)
        for key in [
            "wer_percent", "mean_sample_wer_percent", "accuracy_percent", "cer_percent", "transcription_seconds",
            "real_time_factor", "load_seconds", "wer_points", "lower_95_points", "upper_95_points", "audio_seconds",
            "sample_count", "wordless_sample_count",
        ] { #expect(text.contains("\"\(key)\""), "\(key)") }
    }

    @Test func sentences() throws {
        let sentences = try report().sentences
        #expect(sentences[0] == "3 samples (1 without words), 1 left out, 5 words, 0:12.0 of sound; normalizer basic")
        #expect(sentences.count == 2 && sentences[1].hasPrefix("int8 − base: +80.00 points of WER (95 % interval "))
    }

    @Test func pageStandsAlone() throws {
        let page = try report().html(title: "A & B", results: systems().map(\.results))
        #expect(page.contains("<h1>A &amp; B</h1>") && page.contains("Left out: d.wav: it is empty"))
        #expect(page.contains("<td class=\"text\">WER over all words (%)</td><td>20.00</td><td>100.00</td>"))
        #expect(page.contains("one two <del>three</del> <ins>tree</ins> four"))
        #expect(page.contains("five &lt;six&gt;") && !page.contains("<six>"))
        // Words that are heard where nothing is said come first, then the highest rate.
        let places = ["c.wav", "b.wav", "a.wav"].compactMap { page.range(of: "<h2>\($0)")?.lowerBound }
        #expect(places.count == 3 && places == places.sorted())
        #expect(!page.contains("<script") && !page.contains("http"))
    }

    @Test func setWithoutWords() throws {
        let report = WordErrorReport(
            [("base", 0, [try result("a.wav", "…", "")])], normalizer: try TextNormalizer(.basic, language: nil))
        #expect(report.variants[0].werPercent == nil && report.variants[0].accuracyPercent == nil)
        #expect(report.table.rows[0] == ["WER over all words (%)", "–"])
    }

    @Test func normalizersByLanguage() throws {
        let english = try TextNormalizer(language: WhisperLanguage("en"))
        #expect(english.name == .english && english("Colour, won't!") == "color will not")
        let dutch = try TextNormalizer(language: WhisperLanguage("nl"))
        #expect(dutch.name == .basic && dutch("Eén, twee!") == "eén twee ")
        #expect(try TextNormalizer(language: nil).name == .basic)
        // Characters are the words of languages without spaces.
        #expect(try TextNormalizer(language: WhisperLanguage("ja"))("日本。") == "日 本 ")
        #expect(try TextNormalizer(TextNormalizer.Name.none, language: WhisperLanguage("en"))("Colour, ") == "Colour, ")
    }
}
