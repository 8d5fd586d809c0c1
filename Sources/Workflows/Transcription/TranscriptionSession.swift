import Audio
import Foundation
public import Inference
import ModelLoading
public import Speech
public import Tokenizers

/// Transcribes recordings with one loaded model.
///
/// Not `Sendable`: one task at a time uses it.
public final class TranscriptionSession {
    /// The duration of loading and compiling the model.
    public let loading: Duration
    private let pipeline: WhisperPipeline
    private let name: String

    /// Longer recordings are refused: a day's samples take 5.5 GB in a temporary file.
    private static let longestHours = 24.0

    /// A mean log probability below this is rare in speech of the model's language.
    private static let leastProbability = -0.7

    /// - Throws: as `SpeechModel` and `WhisperPipeline`.
    public init(_ model: SpeechModelLocation.Model, _ options: CompileOptions) throws {
        let start = ContinuousClock.now
        let speech = try SpeechModel(model.folder)
        name = model.name
        pipeline = try WhisperPipeline(speech, options)
        loading = ContinuousClock.now - start
    }

    /// The language of a code or name.
    /// - Parameter text: nil for one that is to be detected.
    /// - Throws: `SpeechError.language`; `.englishOnly` where the model can do no other, and no translation.
    public func language(_ text: String?, _ task: WhisperTokenizer.Task) throws(SpeechError) -> WhisperLanguage? {
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

    /// Whether the model knows no other language.
    public var isEnglishOnly: Bool { !pipeline.tokenizer.isMultilingual }

    /// A note on a first text that a model for English finds improbable, as it does speech in other languages.
    private func doubt(_ first: Segment) -> String? {
        guard !pipeline.tokenizer.isMultilingual, first.averageLogProbability < Self.leastProbability else { return nil }
        return "the first words are improbable to \(name), which knows English only; for another language give a model for many "
            + "with --model"
    }

    public enum Event {
        case note(String)
        case segment(Segment)
        /// Seconds of sound.
        case progress(Double, of: Double)
        /// The recording is transcribed.
        case end(Transcript)
    }

    /// Transcribes a file.
    /// - Parameter path: as for several.
    /// - Throws: as for several.
    public func transcribe(
        _ path: String, _ request: WhisperPipeline.Request, report: (Event) throws -> Void
    ) async throws -> Transcript {
        var transcript: Transcript?
        try await transcribe([path], request) { _, event in
            if case .end(let whole) = event { transcript = whole }
            try report(event)
        }
        guard let transcript else { preconditionFailure("a transcription without an end") }
        return transcript
    }

    /// Transcribes files, side by side where the request has a batch size.
    /// - Parameters:
    ///   - paths: `-` for raw PCM (16-bit little-endian, mono, 16 kHz) from standard input.
    ///   - report: receives the index of a path and news of it, in the order of the paths.
    /// - Throws: `AudioError`; as `WhisperPipeline.transcribe`; the errors of `report`.
    public func transcribe(
        _ paths: [String], _ request: WhisperPipeline.Request, report: (Int, Event) throws -> Void
    ) async throws {
        var transcripts: [Int: Transcript] = [:]
        var notes: [Int: String] = [:]
        var start = ContinuousClock.now
        try await pipeline.transcribe(count: paths.count, request) { index in
            let path = paths[index]
            let reader = path == "-" ? try AudioReader(pcm: .standardInput) : try AudioReader(path: path)
            let recording = try Recording(reader, limit: Self.longestHours * 3600)
            notes[index] = reader.missingSeconds.map {
                "\(path) ends \(Int($0.rounded(.up))) s before the length that it states."
            }
            let language = pipeline.tokenizer.isMultilingual ? request.language : WhisperLanguage("en")
            transcripts[index] = Transcript(language: language, segments: [], duration: recording.duration, took: .zero)
            return recording
        } report: { index, event in
            if let note = notes.removeValue(forKey: index) { try report(index, .note(note)) }
            switch event {
            case .language(let language, let probability):
                transcripts[index]?.language = language
                try report(index, .note("the language is \(language.name) (\(Int((probability * 100).rounded())) %)"))
            case .segment(let segment):
                if transcripts[index]?.segments.isEmpty == true, let note = doubt(segment) {
                    try report(index, .note("\(paths[index]): \(note)"))
                }
                transcripts[index]?.segments.append(segment)
                try report(index, .segment(segment))
            case .progress(let done): try report(index, .progress(done, of: transcripts[index]?.duration ?? done))
            case .end:
                guard var transcript = transcripts.removeValue(forKey: index) else { return }
                transcript.took = ContinuousClock.now - start
                start = .now
                try report(index, .end(transcript))
            }
        }
    }
}

/// The words of a recording.
public struct Transcript: Sendable {
    /// nil for an empty recording whose language was not given.
    public var language: WhisperLanguage?
    public var segments: [Segment]
    /// Seconds of sound.
    public var duration: Double
    /// Of reading and transcribing; since the end of the recording before, which in batches is decoded beside this one.
    public var took: Duration
}

extension Transcript {
    /// The texts of all segments.
    public var text: String { segments.map(\.text).joined() }
}
