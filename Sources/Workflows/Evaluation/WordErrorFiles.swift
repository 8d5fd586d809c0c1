import Evaluation
import Foundation
import TensorStore

/// The files of a measurement of word errors; each replaces an earlier one when the work is done.
public struct WordErrorFiles {
    private let page: AtomicFile?
    private let transcripts: AtomicFile?

    /// - Parameters:
    ///   - page: the path of the HTML page; nil for none.
    ///   - transcripts: the path of JSON Lines with each model's transcript of each recording; nil for none.
    /// - Throws: `FileError` where a file can't be written there.
    public init(page: String?, transcripts: String?) throws {
        self.page = try page.map { try AtomicFile(path: $0) }
        self.transcripts = try transcripts.map { try AtomicFile(path: $0) }
    }

    /// - Throws: `FileError`.
    public func write(_ outcome: WordErrorEvaluation.Outcome, title: String) throws {
        if let page { try write(outcome.report.html(title: title, results: outcome.results), to: page) }
        guard let transcripts else { return }
        let lines = zip(outcome.report.variants, outcome.results).flatMap { variant, results in
            results.map { "\($0.json(model: variant.name))\n" }
        }
        try write(lines.joined(), to: transcripts)
    }

    private func write(_ text: String, to file: AtomicFile) throws {
        try file.write(Array(text.utf8))
        try file.commit()
    }
}

extension WordErrorReport.SampleResult {
    fileprivate func json(model: String) -> JSONValue {
        .members([
            ("model", .string(model)), ("audio", .string(audio)), ("reference", .string(reference)),
            ("hypothesis", .string(hypothesis)), ("wer_percent", words.rate.map { .double($0 * 100) }),
            ("substitutions", .integer(words.substitutions)), ("deletions", .integer(words.deletions)),
            ("insertions", .integer(words.insertions)), ("word_count", .integer(words.wordCount)),
            ("audio_seconds", .double(audioSeconds)), ("seconds", .double(seconds)),
        ])
    }
}
