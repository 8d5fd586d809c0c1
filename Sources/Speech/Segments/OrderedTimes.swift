/// Keeps the times of segments and words in order: none is before the one that was emitted before it, or after the sound's end.
struct OrderedTimes {
    /// The ends of the last segment and of the last word.
    private var segment = 0.0
    private var word = 0.0

    /// - Parameter end: the sound's end in seconds.
    mutating func order(_ part: WindowSegments.Part, end: Double) -> WindowSegments.Part {
        var part = part
        (part.start, part.end) = ordered(part.start, part.end, after: segment, end)
        segment = part.end
        part.words = part.words?.map { found in
            var found = found
            (found.start, found.end) = ordered(found.start, found.end, after: word, end)
            word = found.end
            return found
        }
        return part
    }

    private func ordered(_ start: Double, _ stop: Double, after last: Double, _ end: Double) -> (Double, Double) {
        let start = min(max(start, last), end)
        return (start, min(max(stop, start), end))
    }
}
