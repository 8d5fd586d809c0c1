public import Speech
public import Tokenizers

/// News of a transcription.
public enum TranscriptionEvent: Sendable {
    case note(String)
    /// The language that was detected.
    case language(WhisperLanguage, probability: Double)
    case segment(Segment)
    /// Seconds of sound that are done, of a recording.
    case progress(Double, of: Double)
    /// The recording is transcribed, or the live sound has ended.
    case end(Transcript)
    /// The text after the settled one as it seems now, of live sound.
    case hypothesis(String)
    /// Words of live sound that are not taken back; their segment follows when it is complete.
    case committed(CommittedText)
}

/// A transcription that goes on, of one recording or several.
public struct TranscriptionTask: Sendable {
    public typealias Report = @Sendable (_ index: Int, TranscriptionEvent) -> Void

    /// Events for one consumer, with the index of the recording; they end with the sound, and throw the error of what failed: `AudioError`, `SpeechError`,
    /// `OpenVINOError`.
    ///
    /// Cancelling the consuming task, or releasing this before the events end, cancels the transcription between two tokens. Events
    /// are buffered until they are consumed.
    public let events: AsyncThrowingStream<(index: Int, event: TranscriptionEvent), any Error>
    private let task: Task<[Transcript], any Error>

    init(_ body: @escaping @Sendable (_ report: @escaping Report) async throws -> [Transcript]) {
        let (events, continuation) = AsyncThrowingStream.makeStream(of: (index: Int, event: TranscriptionEvent).self)
        let task = Task {
            do {
                let transcripts = try await body { continuation.yield(($0, $1)) }
                continuation.finish()
                return transcripts
            } catch {
                continuation.finish(throwing: error)
                throw error
            }
        }
        continuation.onTermination = { if case .cancelled = $0 { task.cancel() } }
        self.events = events
        self.task = task
    }

    /// The segments of all recordings alone, in place of `events`.
    public var segments: some AsyncSequence<Segment, any Error> & Sendable {
        events.compactMap { if case .segment(let segment) = $0.event { segment } else { nil } }
    }

    /// Waits for the whole transcripts, one for each recording. Cancelling the waiting task cancels the transcription.
    /// - Throws: as `events`; `CancellationError`.
    public var transcripts: [Transcript] {
        get async throws {
            // Releasing the stream early would cancel the transcription.
            defer { withExtendedLifetime(events) {} }
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }

    /// Waits for the transcript of a task with one recording.
    /// - Throws: as `transcripts`.
    /// - Precondition: there is a recording.
    public var transcript: Transcript {
        get async throws { try await transcripts[0] }
    }
}
