public import Speech
public import Tokenizers

/// The words of a recording.
public struct Transcript: Sendable {
    /// nil for an empty recording whose language was not given.
    public var language: WhisperLanguage?
    public var segments: [Segment]
    /// Seconds of sound; of live sound, up to the last word.
    public var duration: Double
    /// Of reading and transcribing; since the end of the recording before, which in batches is decoded beside this one.
    public var took: Duration
}

extension Transcript {
    /// The texts of all segments.
    public var text: String { segments.map(\.text).joined() }
}
