public import ArgumentParser
public import Speech
public import Tokenizers
import Workflows

extension WhisperTokenizer.Task: ExpressibleByArgument {}
extension TranscriptFormat: ExpressibleByArgument {}

/// The way in which a model listens.
struct SpeechOptions: ParsableArguments {
    @Option(help: "The language: a code or a name, such as de or german. (default: detected in the first 30 s)")
    var language: String?
    @Option(help: "transcribe, or translate to English.") var task = WhisperTokenizer.Task.transcribe
    @Option(help: "The number of texts that are followed side by side; 1 takes the most probable token each time.")
    var beamSize = 5
    @Option(help: "A text that comes before the first one: names, and the spelling of words.") var initialPrompt: String?
    @Option(help: "Words that are likely.") var hotwords: String?
    @Flag(help: "Decode each 30 s without the text before; for recordings in which texts repeat themselves.")
    var noConditioning = false
    @Flag(help: "Write no times: one text for each 30 s.") var noTimestamps = false
    @Option(help: "The seed of texts that are drawn at random, where the most probable one is bad.") var seed: UInt64 = 0

    func validate() throws {
        if !(1...64).contains(beamSize) { throw ValidationError("--beam-size must be from 1 to 64; it is \(beamSize).") }
    }

    func request(for session: TranscriptionSession) throws -> WhisperPipeline.Request {
        var request = WhisperPipeline.Request()
        request.task = task
        request.language = try session.language(language, task)
        request.decoding.beamSize = beamSize
        request.decoding.initialPrompt = initialPrompt
        request.decoding.hotwords = hotwords
        request.decoding.conditionsOnPreviousText = !noConditioning
        request.decoding.timestamps = !noTimestamps
        request.decoding.seed = seed
        return request
    }
}

/// Files of transcripts.
struct TranscriptOptions: ParsableArguments {
    @Option(name: .customLong("output-format"), help: "Write a file of this form: txt, srt, vtt, tsv, lrc or json. Repeatable.")
    var formats: [TranscriptFormat] = []
    @Option(
        name: .customLong("output-dir"),
        help: ArgumentHelp("The folder of the files. (default: the recording's)", valueName: "folder"))
    var directory: String?

    func validate() throws {
        if directory?.isEmpty == true { throw ValidationError("--output-dir must name a folder; it is empty.") }
        if directory != nil, formats.isEmpty {
            throw ValidationError("--output-dir is for files; say which with --output-format.")
        }
    }
}
