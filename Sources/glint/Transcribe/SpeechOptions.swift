public import ArgumentParser
import Speech
public import Tokenizers
import Workflows

extension WhisperTokenizer.Task: ExpressibleByArgument {}

/// The way in which a model listens.
struct SpeechOptions: ParsableArguments {
    @Option(help: "The language: a code or a name, such as de or german. (default: detected in the first 30 s)")
    var language: String?
    @Option(help: "transcribe, or translate to English.") var task = WhisperTokenizer.Task.transcribe
    @Option(help: "A text that comes before the first one: names, and the spelling of words.") var initialPrompt: String?
    @Option(help: "Words that are likely.") var hotwords: String?
    @Option(help: "The beginning of the first text, which the model continues.") var prefix: String?
    @Flag(help: "Decode each 30 s without the text before; for recordings in which texts repeat themselves.")
    var noConditioning = false
    @Flag(help: "Write no times: one text for each 30 s.") var noTimestamps = false
    @Flag(help: "Find the times of words; for files of json, srt and vtt.") var wordTimestamps = false
    @Option(
        help: ArgumentHelp(
            "Leave out texts that seem invented, with silence of more seconds around them. For --word-timestamps.",
            valueName: "seconds"))
    var hallucinationSilenceThreshold: Double?

    func validate() throws {
        if let seconds = hallucinationSilenceThreshold {
            if !(0...3600).contains(seconds) {
                throw ValidationError("--hallucination-silence-threshold must be from 0 to 3600 seconds; it is \(seconds).")
            }
            if !wordTimestamps { throw ValidationError("--hallucination-silence-threshold needs --word-timestamps.") }
        }
    }

    func request(for session: TranscriptionSession) throws -> WhisperPipeline.Request {
        var request = WhisperPipeline.Request()
        request.task = task
        request.language = try session.language(language, task)
        request.decoding.initialPrompt = initialPrompt
        request.decoding.hotwords = hotwords
        request.decoding.prefix = prefix
        request.decoding.conditionsOnPreviousText = !noConditioning
        request.decoding.timestamps = !noTimestamps
        request.decoding.wordTimestamps = wordTimestamps
        request.decoding.hallucinationSilenceThreshold = hallucinationSilenceThreshold
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
    @Option(help: ArgumentHelp("Characters of a subtitle's line; needs --word-timestamps.", valueName: "characters"))
    var maxLineWidth: Int?
    @Option(
        help: ArgumentHelp("Lines of a subtitle; needs --word-timestamps and --max-line-width.", valueName: "lines"))
    var maxLineCount: Int?
    @Option(help: ArgumentHelp("Words of a subtitle; needs --word-timestamps.", valueName: "words"))
    var maxWordsPerLine: Int?
    @Flag(help: "Underline each word while it is said; needs --word-timestamps.") var highlightWords = false

    private var numbers: [(name: String, value: Int?)] {
        [
            ("--max-line-width", maxLineWidth), ("--max-line-count", maxLineCount), ("--max-words-per-line", maxWordsPerLine),
        ]
    }

    var layout: SubtitleLayout {
        var layout = SubtitleLayout()
        layout.maxLineWidth = maxLineWidth
        layout.maxLineCount = maxLineCount
        layout.maxWordsPerLine = maxWordsPerLine
        layout.highlightsWords = highlightWords
        return layout
    }

    /// Refuses layouts of words where there are none.
    func requireWords(_ haveWords: Bool) throws {
        guard !haveWords else { return }
        let given = numbers.first { $0.value != nil }?.name ?? (highlightWords ? "--highlight-words" : nil)
        if let given { throw ValidationError("\(given) needs --word-timestamps.") }
    }

    /// Each once.
    var formats: [TranscriptFormat] {
        TranscriptFormat.allCases.filter { format in choices.contains { $0 == .all || $0.rawValue == format.rawValue } }
    }

    enum FormatChoice: String, CaseIterable, ExpressibleByArgument { case txt, srt, vtt, tsv, lrc, json, all }

    func validate() throws {
        for (name, value) in numbers {
            if let value, !(1...1000).contains(value) {
                throw ValidationError("\(name) must be from 1 to 1000; it is \(value).")
            }
        }
        if maxLineCount != nil, maxLineWidth == nil { throw ValidationError("--max-line-count needs --max-line-width.") }
        if maxWordsPerLine != nil, maxLineWidth != nil {
            throw ValidationError("--max-words-per-line and --max-line-width exclude each other.")
        }
        if directory?.isEmpty == true { throw ValidationError("--output-dir must name a folder; it is empty.") }
        if directory != nil, formats.isEmpty {
            throw ValidationError("--output-dir is for files; say which with --output-format.")
        }
    }
}
