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

    /// - Parameter model: a folder, or the name of a model in the hub's cache.
    /// - Throws: `ModelLocationError`; as `SpeechModel` and `WhisperPipeline`.
    public init(_ model: String, _ options: CompileOptions) throws {
        let start = ContinuousClock.now
        let speech = try SpeechModel(ModelLocation.resolve(model))
        name = model
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
        guard !pipeline.tokenizer.isMultilingual else { return language }
        if let language, language.code != "en" { throw .englishOnly(model: name, asked: "--language \(language.code)") }
        if task == .translate { throw .englishOnly(model: name, asked: "--task translate") }
        return language
    }

    public enum Event {
        case note(String)
        case segment(Segment)
        /// Seconds of sound.
        case progress(Double, of: Double)
        /// The recording is transcribed.
        case end(Transcript)
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
