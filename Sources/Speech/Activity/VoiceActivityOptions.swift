/// The way in which probabilities of speech become parts of a recording; faster-whisper's defaults.
///
/// Reference: `VadOptions` of faster-whisper's `vad.py`.
public struct VoiceActivityOptions: Sendable, Hashable {
    /// Speech begins with a probability of this or more, 0…1.
    public var threshold: Float = 0.5
    /// Silence begins with a lower probability; nil for 0.15 less than `threshold`, 0.01 at least.
    public var silenceThreshold: Float?
    /// Seconds of the shortest speech that is kept.
    public var minSpeech = 0.0
    /// Seconds of the longest part. Longer speech is cut at its last silence of more than 98 ms, or where there is none, just
    /// before the limit.
    public var maxSpeech = Double.infinity
    /// Seconds of silence that end a part.
    public var minSilence = 2.0
    /// Seconds that are added at both ends of each part; parts that are near each other share what lies between.
    public var padding = 0.4

    public init() {}

    /// For chunks that are decoded side by side: short silences end a part, and each fits a window of Whisper's.
    public static let forBatches: VoiceActivityOptions = {
        var options = VoiceActivityOptions()
        (options.minSilence, options.maxSpeech) = (0.16, 30)
        return options
    }()
}
