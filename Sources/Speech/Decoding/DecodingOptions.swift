/// The way in which windows of sound are decoded; faster-whisper's and OpenAI's defaults.
///
/// Reference: faster-whisper 1.2's `WhisperModel.transcribe`, and OpenAI's `whisper/transcribe.py`.
public struct DecodingOptions: Sendable, Hashable {
    /// The number of texts that are followed at temperature 0; 1 chooses the most probable token.
    public var beamSize = 5
    public var patience = 1.0
    public var lengthPenalty = 1.0
    /// The number of texts that are drawn at a temperature above 0; one at least is.
    public var bestOf = 5
    /// Temperatures, tried in turn until a text is good enough; none are 0 alone.
    public var temperatures = [0, 0.2, 0.4, 0.6, 0.8, 1]
    /// A text that repeats itself more than this is decoded again; nil for any.
    public var compressionRatioThreshold: Double? = 2.4
    /// A text whose mean log probability is less is decoded again; nil for any.
    public var logProbabilityThreshold: Double? = -1
    /// A window with a higher probability of no speech, and an improbable text, is skipped; nil for none.
    public var noSpeechThreshold: Double? = 0.6
    /// Whether a window's text continues that of the window before.
    public var conditionsOnPreviousText = true
    /// A window that needed a higher temperature begins a new text.
    public var promptResetTemperature = 0.5
    public var suppressesBlank = true
    public var timestamps = true
    /// Seconds.
    public var maxInitialTimestamp = 1.0
    /// Whether segments have words with times, and windows begin where the last word ends.
    public var wordTimestamps = false
    /// Texts of improbable words with silence of more seconds around them are left out; nil for none. For word timestamps only.
    public var hallucinationSilenceThreshold: Double?
    /// A text that comes before the first window's: names, spelling.
    public var initialPrompt: String?
    /// Words that are likely, given to each window.
    public var hotwords: String?
    /// The beginning of the first window's text.
    public var prefix: String?
    /// For sampling; the same seed draws the same texts.
    public var seed: UInt64 = 0

    public init() {}
}
