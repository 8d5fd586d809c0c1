import Audio

/// Times of a recording by those of an excerpt, of which the silence between the parts is left out.
///
/// Reference: faster-whisper's `SpeechTimestampsMap`.
struct ExcerptTimeline {
    /// Of each part: its end in the excerpt, and by how much it is later in the recording. In seconds.
    private let parts: [(end: Double, shift: Double)]

    /// Timestamps are multiples of this; a time that is nearer than it to a part's boundary means the boundary.
    private static let step = DecodingVocabulary.timePrecision

    /// - Parameter ranges: the samples of the recording that the excerpt has.
    init(_ ranges: [Range<Int>]) {
        let rate = Double(AudioReader.sampleRate)
        var end = 0
        parts = ranges.map { range in
            defer { end += range.count }
            return (Double(end + range.count) / rate, Double(range.lowerBound - end) / rate)
        }
    }

    /// The part of a time; of a word, that of its middle.
    func part(at time: Double) -> Int { min(parts.firstIndex { $0.end > time } ?? .max, max(0, parts.count - 1)) }

    /// The time in the recording, of a part of the excerpt.
    func time(_ time: Double, in part: Int) -> Double { parts.isEmpty ? time : time + parts[part].shift }

    /// The time in the recording of a segment's beginning; within a step before a part's end it is the next part's.
    func start(_ time: Double) -> Double {
        let part = part(at: time + Self.step)
        let begin = part == 0 ? 0 : parts[part - 1].end
        return self.time(max(time, begin), in: part)
    }

    /// The time in the recording of a segment's end; within a step after a part's end it is that part's.
    func end(_ time: Double) -> Double {
        let part = part(at: max(0, time - Self.step))
        return self.time(parts.isEmpty ? time : min(time, parts[part].end), in: part)
    }
}
