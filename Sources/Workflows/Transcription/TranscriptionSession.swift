import Audio
import Foundation
public import Inference
import ModelLoading
public import Speech
public import Tokenizers

/// Transcribes recordings with one loaded model. Its callers take turns.
///
///     let model = try await SpeechModelLocation().resolve("openai/whisper-base")
///     let session = try TranscriptionSession(model)
///     for try await segment in session.transcribe(["talk.m4a"]).segments { print(segment.text) }
public actor TranscriptionSession {
    /// The duration of loading and compiling the model.
    public nonisolated let loading: Duration
    /// The use of a draft model so far.
    public var speculation: SpeculationStatistics { pipeline.speculation }
    private let pipeline: WhisperPipeline
    private nonisolated let name: String
    /// Whether the model knows no other language.
    public nonisolated let isEnglishOnly: Bool
    private nonisolated let turns = TurnQueue()

    /// Longer recordings are refused: a day's samples take 5.5 GB in a temporary file.
    private static let longestHours = 24.0

    /// A mean log probability below this is rare in speech of the model's language.
    private static let leastProbability = -0.7

    /// - Parameter draft: a smaller model, which writes text ahead where there is one beam and one window at a time.
    /// - Throws: as `SpeechModel` and `WhisperPipeline`.
    public init(
        _ model: SpeechModelLocation.Model, _ options: CompileOptions = CompileOptions(), draft: SpeechModelLocation.Model? = nil
    ) throws {
        let start = ContinuousClock.now
        let speech = try SpeechModel(model.folder)
        let smaller = try draft.map { try SpeechModel($0.folder) }
        name = model.name
        isEnglishOnly = !speech.tokenizer.isMultilingual
        pipeline = try WhisperPipeline(speech, options, draft: smaller)
        loading = ContinuousClock.now - start
    }

    /// The language of a code or name.
    /// - Parameter text: nil for one that is to be detected.
    /// - Throws: `SpeechError.language`; `.englishOnly` where the model can do no other, and no translation.
    public nonisolated func language(_ text: String?, _ task: WhisperTokenizer.Task) throws(SpeechError) -> WhisperLanguage? {
        let language: WhisperLanguage?
        if let text {
            guard let known = WhisperLanguage(text) else { throw .language(text) }
            language = known
        } else {
            language = nil
        }
        guard isEnglishOnly else { return language }
        if let language, language.code != "en" { throw .englishOnly(model: name, asked: "--language \(language.code)") }
        if task == .translate { throw .englishOnly(model: name, asked: "--task translate") }
        return language
    }

    /// Transcribes files, side by side where the request has a batch size; events come in the order of the paths.
    /// - Parameter paths: `-` for raw PCM (16-bit little-endian, mono, 16 kHz) from standard input.
    /// - Returns: a task that throws `AudioError`, and as `WhisperPipeline.transcribe`.
    public nonisolated func transcribe(
        _ paths: [String], _ request: WhisperPipeline.Request = WhisperPipeline.Request()
    ) -> TranscriptionTask {
        let ticket = turns.enter(priority: 0)
        return TranscriptionTask { try await self.transcribe(paths, request, ticket, report: $0) }
    }

    /// Writes down sound while it goes on; see `WhisperPipeline.listen`.
    /// - Parameter samples: mono, 16 kHz, −1…1.
    /// - Returns: a task that throws as `WhisperPipeline.listen`.
    public nonisolated func listen(
        to samples: some AsyncSequence<[Float], any Error> & Sendable,
        _ request: WhisperPipeline.Request = WhisperPipeline.Request(), _ options: LiveOptions = LiveOptions()
    ) -> TranscriptionTask {
        let ticket = turns.enter(priority: 0)
        return TranscriptionTask { [try await self.listen(to: samples, request, options, ticket, report: $0)] }
    }

    private func transcribe(
        _ paths: [String], _ request: WhisperPipeline.Request, _ ticket: Int, report: TranscriptionTask.Report
    ) async throws -> [Transcript] {
        defer { turns.leave(ticket) }
        try await turns.wait(ticket)
        var transcripts: [Transcript] = []
        var notes: [Int: String] = [:]
        var start = ContinuousClock.now
        try await pipeline.transcribe(count: paths.count, request) { index in
            let path = paths[index]
            let reader = path == "-" ? try AudioReader(pcm: .standardInput) : try AudioReader(path: path)
            let recording = try Recording(reader, limit: Self.longestHours * 3600)
            notes[index] = reader.missingSeconds.map {
                "\(path) ends \(Int($0.rounded(.up))) s before the length that it states."
            }
            transcripts.append(transcript(request, duration: recording.duration))
            return recording
        } report: { index, event in
            if let note = notes.removeValue(forKey: index) { report(index, .note(note)) }
            switch event {
            case .language(let language, let probability):
                transcripts[index].language = language
                report(index, .language(language, probability: probability))
            case .segment(let segment):
                if transcripts[index].segments.isEmpty, let note = doubt(segment) {
                    report(index, .note("\(paths[index]): \(note)"))
                }
                transcripts[index].segments.append(segment)
                report(index, .segment(segment))
            case .progress(let done): report(index, .progress(done, of: transcripts[index].duration))
            case .end:
                transcripts[index].took = ContinuousClock.now - start
                start = .now
                report(index, .end(transcripts[index]))
            }
        }
        return transcripts
    }

    private func listen(
        to samples: some AsyncSequence<[Float], any Error> & Sendable, _ request: WhisperPipeline.Request,
        _ options: LiveOptions, _ ticket: Int, report: TranscriptionTask.Report
    ) async throws -> Transcript {
        defer { turns.leave(ticket) }
        try await turns.wait(ticket)
        let start = ContinuousClock.now
        var transcript = transcript(request, duration: 0)
        try await pipeline.listen(to: samples, request, options) { event in
            switch event {
            case .language(let language, let probability):
                transcript.language = language
                report(0, .language(language, probability: probability))
            case .hypothesis(let text): report(0, .hypothesis(text))
            case .committed(let text):
                transcript.duration = max(transcript.duration, text.end)
                report(0, .committed(text))
            case .segment(let segment):
                transcript.segments.append(segment)
                report(0, .segment(segment))
            }
        }
        transcript.took = ContinuousClock.now - start
        report(0, .end(transcript))
        return transcript
    }

    /// A transcript that has no words yet.
    private func transcript(_ request: WhisperPipeline.Request, duration: Double) -> Transcript {
        let language = isEnglishOnly ? WhisperLanguage("en") : request.language
        return Transcript(language: language, segments: [], duration: duration, took: .zero)
    }

    /// A note on a first text that a model for English finds improbable, as it does speech in other languages.
    private func doubt(_ first: Segment) -> String? {
        guard isEnglishOnly, first.averageLogProbability < Self.leastProbability else { return nil }
        return "the first words are improbable to \(name), which knows English only; for another language give a model for many "
            + "with --model"
    }
}
