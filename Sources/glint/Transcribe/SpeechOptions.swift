public import ArgumentParser
import Speech
public import Tokenizers
import Workflows

extension WhisperTokenizer.Task: ExpressibleByArgument {}

/// The model, and the way in which it listens.
struct SpeechOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A Whisper model: a folder of transformers or of faster-whisper (CTranslate2), or a name that glint pull brought.",
            valueName: "folder"))
    var model: String
    @Option(help: "The language: a code or a name, such as de or german. (default: detected in the first 30 s)")
    var language: String?
    @Option(help: "transcribe, or translate to English.") var task = WhisperTokenizer.Task.transcribe
    @Option(help: "A text that comes before the first one: names, and the spelling of words.") var initialPrompt: String?
    @Option(help: "Words that are likely.") var hotwords: String?
    @Option(help: "The beginning of the first text, which the model continues.") var prefix: String?
    @Flag(help: "Decode each 30 s without the text before; for recordings in which texts repeat themselves.")
    var noConditioning = false
    @Flag(help: "Write no times: one text for each 30 s.") var noTimestamps = false

    func request(for session: TranscriptionSession) throws -> WhisperPipeline.Request {
        var request = WhisperPipeline.Request()
        request.task = task
        request.language = try session.language(language, task)
        request.decoding.initialPrompt = initialPrompt
        request.decoding.hotwords = hotwords
        request.decoding.prefix = prefix
        request.decoding.conditionsOnPreviousText = !noConditioning
        request.decoding.timestamps = !noTimestamps
        return request
    }
}

/// Files of transcripts.
struct TranscriptOptions: ParsableArguments {
    @Option(
        name: .customLong("output-format"), help: "Write a file of this form: txt, srt, vtt, tsv, lrc, json, or all. Repeatable.")
    var choices: [FormatChoice] = []
    @Option(
        name: .customLong("output-dir"),
        help: ArgumentHelp("The folder of the files. (default: the recording's)", valueName: "folder"))
    var directory: String?

    /// Each once.
    var formats: [TranscriptFormat] {
        TranscriptFormat.allCases.filter { format in choices.contains { $0 == .all || $0.rawValue == format.rawValue } }
    }

    enum FormatChoice: String, CaseIterable, ExpressibleByArgument { case txt, srt, vtt, tsv, lrc, json, all }

    func validate() throws {
        if directory?.isEmpty == true { throw ValidationError("--output-dir must name a folder; it is empty.") }
        if directory != nil, formats.isEmpty {
            throw ValidationError("--output-dir is for files; say which with --output-format.")
        }
    }
}
