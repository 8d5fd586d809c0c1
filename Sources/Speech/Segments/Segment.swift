/// A part of a transcript.
public struct Segment: Sendable, Hashable {
    /// Seconds from the sound's beginning.
    public var start: Double
    public var end: Double
    public var text: String
    /// Text and timestamp tokens.
    public var tokens: [Int]
    public var temperature: Double
    public var averageLogProbability: Double
    public var compressionRatio: Double
    public var noSpeechProbability: Double
    /// nil where their times were not asked for.
    public var words: [Word]?
}
