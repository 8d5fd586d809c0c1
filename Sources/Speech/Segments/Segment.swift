/// A part of a transcript.
public struct Segment: Sendable, Hashable {
    /// Seconds from the sound's beginning.
    public var start: Double
    public var end: Double
    public var text: String
    /// Text and timestamp tokens.
    public var tokens: [Int]
    /// The words' times, where they were asked for.
    public var words: [Word]?
    public var temperature: Double
    public var averageLogProbability: Double
    public var compressionRatio: Double
    public var noSpeechProbability: Double

    /// A word with its times in seconds.
    public struct Word: Sendable, Hashable {
        public var start: Double
        public var end: Double
        /// With the space before it.
        public var text: String
        public var probability: Double
    }
}
