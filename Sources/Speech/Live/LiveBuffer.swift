import Audio

/// Sound that is not let go yet, and the settled tokens of its text.
struct LiveBuffer {
    private(set) var samples: [Float] = []
    /// Samples that were let go, all before these.
    private(set) var origin = 0
    /// Settled tokens from the buffer's beginning on, with timestamps that count from there.
    private(set) var tokens: [Int] = []

    private static let rate = Double(LogMelSpectrogram.sampleRate)

    /// Seconds.
    var duration: Double { Double(samples.count) / Self.rate }
    /// The buffer's beginning, in seconds from the sound's.
    var start: Double { Double(origin) / Self.rate }

    mutating func append(_ new: some Collection<Float>) { samples.append(contentsOf: new) }

    mutating func settle(_ new: [Int]) { tokens += new }

    /// Lets sound go, and tokens of it.
    /// - Parameters:
    ///   - seconds: from the buffer's beginning, rounded to a step of timestamps.
    ///   - count: of tokens.
    ///   - vocabulary: by which the timestamps of those left are moved.
    mutating func drop(seconds: Double, tokens count: Int, _ vocabulary: DecodingVocabulary) {
        let step = Int(Self.rate * DecodingVocabulary.timePrecision)
        let shift = max(0, Int((seconds / DecodingVocabulary.timePrecision).rounded()))
        let dropped = min(shift * step, samples.count)
        samples.removeFirst(dropped)
        origin += dropped
        tokens = tokens.dropFirst(count).map {
            vocabulary.isTimestamp($0) ? max(vocabulary.timestampBegin, $0 - shift) : $0
        }
    }
}
