public import Tokenizers

/// News of sound that goes on.
public enum LiveEvent: Sendable, Hashable {
    /// The language that was detected; it may come again until the first words are committed.
    case language(WhisperLanguage, probability: Double)
    /// The text after the committed one, as it seems now; it may change. Each replaces the one before.
    case hypothesis(String)
    /// Words that follow those committed before, and are not taken back.
    case committed(CommittedText)
    /// A part of the transcript whose words have all been committed.
    case segment(Segment)
}

/// Words of live sound that are settled.
public struct CommittedText: Sendable, Hashable {
    /// With the space before it.
    public var text: String
    /// Seconds from the sound's beginning. Between the model's timestamps times are estimated by the length of words.
    public var start: Double
    public var end: Double
    /// Seconds of sound that had arrived after `end`.
    public var delay: Double
}

/// The way in which live sound is listened to.
public struct LiveOptions: Sendable, Hashable {
    /// Seconds of new sound after which there is a new hypothesis.
    public var interval = 1.0
    /// Whether hypotheses are left out while sound arrives faster than it is decoded. Without, sound that is faster than the
    /// processor has the same text in each run.
    public var keepsUp = true
    /// Words that end in the last seconds of what was heard are not settled yet: they may be cut.
    public var margin = 0.5
    /// A closed segment is let go when more seconds of sound than this are held.
    public var trimAfter = 10.0

    /// The sound that the encoder hears. Lengths that the sound nearly fills cost words.
    public var audioContext = AudioContext.fitted(atLeast: 20)

    public init() {}

    /// Sound after a closed segment that has no words for so many seconds closes the segment.
    static let pause = 1.5
    /// Seconds of sound that are held at most, less than a window for what arrives meanwhile.
    static let longestBuffer = 28.0
    /// Seconds that are kept of sound without words.
    static let keptSilence = 2.0
}
