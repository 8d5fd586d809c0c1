import Audio
import Evaluation
import Foundation
import TensorStore
import TestSupport
import Testing
import Tokenizers
import Workflows

/// Variants that say what a test gives them.
@Suite struct WordErrorEvaluationTests {
    private let folder: TemporaryFolder
    private let manifest: SpeechManifest

    init() throws {
        folder = try TemporaryFolder()
        for name in ["a.wav", "b.wav", "c.wav"] { try folder.write(name, "x") }
        let list = try folder.write(
            "set.jsonl",
            """
            {"audio": "a.wav", "text": "One two three."}
            {"audio": "b.wav", "text": "Colour"}
            {"audio": "c.wav", "text": ""}
            """)
        manifest = try SpeechManifest(path: list.path)
    }

    private final class Log { var calls: [String] = [] }

    /// - Parameter texts: by the names of recordings; one without a text can't be read.
    private func variant(
        _ name: String, _ texts: [String: String], language: String? = "nl", log: Log = Log()
    ) -> WordErrorEvaluation.Variant {
        WordErrorEvaluation.Variant(name: name) {
            log.calls.append("load \(name)")
            return WordErrorEvaluation.Loaded(loading: .seconds(2), language: language.flatMap { WhisperLanguage($0) }) { path in
                let recording = URL(filePath: path).lastPathComponent
                log.calls.append("\(name) \(recording)")
                guard let text = texts[recording] else { throw AudioError.missing(file: recording) }
                return WordErrorEvaluation.Recognition(text: text, audioSeconds: 4, seconds: 1)
            }
        }
    }

    private let right = ["a.wav": " one two three", "b.wav": "color", "c.wav": ""]

    @Test func turnsAndFigures() async throws {
        let log = Log()
        var wrong = right
        wrong["a.wav"] = "one too"
        var steps: [WorkProgress] = []
        let outcome = try await WordErrorEvaluation(manifest).run([
            variant("x", right, log: log), variant("y", wrong, log: log),
        ]) {
            if case .progress(let progress) = $0 { steps.append(progress) }
        }
        #expect(log.calls == ["load x", "load y", "x a.wav", "y a.wav", "x b.wav", "y b.wav", "x c.wav", "y c.wav"])
        #expect(steps.contains(.phase("transcribing", count: 6)) && steps.count { $0 == .step } == 6)
        let report = outcome.report
        #expect(report.normalizer == .basic && report.sampleCount == 3 && report.wordCount == 4)
        #expect(report.variants.map(\.werPercent) == [25, 75] && report.variants.map(\.loadSeconds) == [2, 2])
        #expect(outcome.results.map { $0.map(\.hypothesis) }[1] == ["one too", "color", ""])
    }

    @Test func oneAtATime() async throws {
        let log = Log()
        let variants = [variant("x", right, log: log), variant("y", right, log: log)]
        _ = try await WordErrorEvaluation(manifest).run(variants, takesTurns: false)
        #expect(log.calls == ["load x", "x a.wav", "x b.wav", "x c.wav", "load y", "y a.wav", "y b.wav", "y c.wav"])
    }

    /// English is normalized as such where all listen for it.
    @Test func normalizerOfTheLanguage() async throws {
        func report(_ languages: [String?], _ name: TextNormalizer.Name? = nil) async throws -> WordErrorReport {
            let variants = languages.enumerated().map { variant("\($0)", right, language: $1) }
            return try await WordErrorEvaluation(manifest, normalizer: name).run(variants).report
        }
        let english = try await report(["en", "en"])
        #expect(english.normalizer == .english && english.variants.map(\.werPercent) == [0, 0])
        #expect(try await report(["en", nil]).normalizer == .basic)
        #expect(try await report([nil]).normalizer == .basic)
        let plain = try await report(["en"], TextNormalizer.Name.none)
        #expect(plain.normalizer == .none && plain.variants[0].werPercent == 75)
    }

    /// A recording that one can't read is left out of the figures of all, whichever comes first.
    @Test(arguments: [true, false], [0, 1]) func unreadableRecordings(_ takesTurns: Bool, _ failing: Int) async throws {
        var fewer = right
        fewer["a.wav"] = nil
        let variants = [0, 1].map { variant("\($0)", $0 == failing ? fewer : right) }
        var told: [String] = []
        let outcome = try await WordErrorEvaluation(manifest).run(variants, takesTurns: takesTurns) {
            if case .failure(let failure) = $0 { told.append(failure.audio) }
        }
        #expect(told == ["a.wav"] && outcome.report.failures.map(\.audio) == ["a.wav"])
        #expect(outcome.report.failures[0].reason == "There is no file 'a.wav'.")
        #expect(outcome.report.sampleCount == 2 && outcome.report.wordCount == 1)
        #expect(outcome.results.map { $0.map(\.audio) } == [["b.wav", "c.wav"], ["b.wav", "c.wav"]])
        #expect(outcome.report.variants.map(\.transcriptionSeconds) == [2, 2])
    }

    @Test func nothingReadable() async throws {
        await #expect(
            throws: WordErrorEvaluationError.nothingReadable(count: 3, first: "There is no file 'a.wav'.")
        ) { try await WordErrorEvaluation(manifest).run([variant("x", [:])]) }
    }

    @Test func files() async throws {
        let outcome = try await WordErrorEvaluation(manifest).run([variant("x", right), variant("y", right)])
        let (page, lines) = (folder.path + "/page.html", folder.path + "/out.jsonl")
        try WordErrorFiles(page: page, transcripts: lines).write(outcome, title: "Title")
        #expect(try String(contentsOfFile: page, encoding: .utf8).contains("<h1>Title</h1>"))
        let records = try String(contentsOfFile: lines, encoding: .utf8).split(separator: "\n").map {
            try JSONValue(parsing: $0.utf8)
        }
        #expect(records.map { $0["model"]?.string } == ["x", "x", "x", "y", "y", "y"])
        #expect(records[1]["reference"]?.string == "Colour" && records[1]["hypothesis"]?.string == "color")
        #expect(records[1]["substitutions"]?.int == 1 && records[1]["wer_percent"]?.double == 100)
        #expect(records[2]["wer_percent"] == nil && records[2]["audio_seconds"]?.double == 4)
        // Nothing is written before the work is done.
        _ = try WordErrorFiles(page: folder.path + "/other.html", transcripts: nil)
        #expect(try !folder.contents.contains { $0.contains("other") || $0.hasSuffix(".tmp") })
        #expect(throws: FileError.missingFolder(path: folder.path + "/none/")) {
            try WordErrorFiles(page: nil, transcripts: folder.path + "/none/out.jsonl")
        }
    }
}
