/// A word of a transcript and the time at which it is said.
public struct Word: Sendable, Hashable {
    /// Seconds from the sound's beginning.
    public var start: Double
    public var end: Double
    /// With the space before it and the punctuation around it.
    public var text: String
    /// The mean of its tokens' probabilities, 0…1.
    public var probability: Double

    public init(start: Double, end: Double, text: String, probability: Double) {
        self.start = start
        self.end = end
        self.text = text
        self.probability = probability
    }
}
