public import ArgumentParser
public import Evaluation
import Foundation
import Inference
import Speech
import Tokenizers
import Workflows

extension TextNormalizer.Name: ExpressibleByArgument {}

struct EvalWERCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wer",
        abstract: "Measure the word error rate of speech models over recordings whose words are known.",
        discussion: """
            The list of recordings is JSON Lines with "audio" and "text", Common Voice's .tsv, LibriSpeech's .trans.txt, or a folder that \
            holds such files; paths are relative to it. Models take turns, recording by recording, so that other work on the machine \
            slows all of them. A recording that can't be read is named and left out of the figures of every model, and the exit status \
            is 1 at the end.

              glint eval wer LibriSpeech/test-clean --model openai/whisper-base --language en --html report.html
              glint eval wer cv-corpus/nl/test.tsv --model whisper-base --model whisper-base-int8 --language nl --limit 500
            """)

    @Argument(help: "The list of recordings.") var manifest: String
    @Option(name: .customLong("model"), help: EvalWERCommand.modelHelp) var models: [String]
    @OptionGroup(title: "Speech") var speech: SpeechOptions
    @OptionGroup(title: "Parts of the sound") var parts: SoundOptions
    @OptionGroup(title: "Decoding") var decoding: DecodingArguments
    @Option(
        help: """
            Whisper's normalization of texts before words are compared: english, basic, or none. (default: english with --language en \
            or models for English only, otherwise basic)
            """)
    var normalizer: TextNormalizer.Name?
    @Option(help: "The number of recordings, from the beginning of the list. (default: all)") var limit: Int?
    @Flag(help: "Measure one model after the other: memory for one, but other work on the machine may slow one of them alone.")
    var oneAtATime = false
    @Option(help: ArgumentHelp("Write a page with the differences in each recording's words.", valueName: "file"))
    var html: String?
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write each model's transcript of each recording as JSON Lines.", valueName: "file"))
    var output: String?
    @OptionGroup(title: "Encryption") var keys: KeyOptions
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    private static let modelHelp = ArgumentHelp(
        SpeechModelOption.help + " Repeatable: all are compared with the first.", valueName: "folder")

    func validate() throws {
        try machine.refuseMaxMemory()
        if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more; it is \(limit).") }
        if let twice = models.first(where: { model in models.count { $0 == model } > 1 }) {
            throw ValidationError("--model \(twice) is given twice.")
        }
        for (option, path) in [("--html", html), ("--output", output)] where path?.isEmpty == true {
            throw ValidationError("\(option) must name a file; it is empty.")
        }
    }

    func run() async throws {
        try keys.install()
        try await cancellingOnInterrupt { try await measure() }
    }

    private func measure() async throws {
        let bar = display.bar
        defer { bar.finish() }
        // Errors are found before any recording is transcribed.
        let list = try SpeechManifest(path: manifest, limit: limit)
        let files = try WordErrorFiles(page: html, transcripts: output)
        for note in list.notes { bar.note(note) }
        let evaluation = WordErrorEvaluation(list, normalizer: normalizer)
        let options = try machine.settings.compileOptions().withExactDefault
        var variants: [WordErrorEvaluation.Variant] = []
        for (model, name) in zip(models, names) {
            let location = try await SpeechModelOption.location(model, bar)
            variants.append(WordErrorEvaluation.Variant(name: name) { try load(location, options, bar) })
        }
        let outcome = try await evaluation.run(variants, takesTurns: !oneAtATime, seed: decoding.seed) { event in
            switch event {
            case .progress(let progress): bar.show(progress)
            case .failure(let failure): bar.warning("\(failure.audio) is left out: \(failure.reason)")
            }
        }
        bar.finish()
        try files.write(outcome, title: "Word errors in \(URL(filePath: manifest).lastPathComponent)")
        try print(json ? jsonText(outcome.report) : outcome.report.text)
        if !outcome.report.failures.isEmpty { throw ExitCode.failure }
    }

    private func load(
        _ model: SpeechModelLocation.Model, _ options: CompileOptions, _ bar: ProgressBar
    ) throws -> WordErrorEvaluation.Loaded {
        let session = try TranscriptionSession(model, options)
        var request = try speech.request(for: session)
        parts.apply(to: &request)
        decoding.apply(to: &request.decoding)
        let language = session.isEnglishOnly ? WhisperLanguage("en") : request.language
        return WordErrorEvaluation.Loaded(loading: session.loading, language: language) { path in
            let task = session.transcribe([path], request)
            for try await (_, event) in task.events { if case .note(let text) = event { bar.note(text) } }
            return WordErrorEvaluation.Recognition(try await task.transcript)
        }
    }

    /// The last component of each model, where that tells them apart.
    private var names: [String] {
        let short = models.map { URL(filePath: $0).lastPathComponent }
        return Set(short).count == short.count ? short : models
    }
}

extension WordErrorReport {
    /// The table, and the sentences after it.
    fileprivate var text: String {
        var columns = TextTable(columns: table.head)
        for row in table.rows { columns.add(row) }
        return ([columns.text, ""] + sentences).joined(separator: "\n")
    }
}
