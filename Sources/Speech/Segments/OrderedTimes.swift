/// Keeps the times of segments and words in order: none is before the one that was emitted before it, or after the sound's end.
struct OrderedTimes {
    /// The sound's end in seconds.
    let end: Double
    /// The ends of the last segment and of the last word.
    private var segment = 0.0
    private var word = 0.0

    init(end: Double) { self.end = end }

    mutating func order(_ part: WindowSegments.Part) -> WindowSegments.Part {
        var part = part
        (part.start, part.end) = ordered(part.start, part.end, after: segment)
        segment = part.end
        part.words = part.words?.map { found in
            var found = found
            (found.start, found.end) = ordered(found.start, found.end, after: word)
            word = found.end
            return found
        }
        return part
    }

    private func ordered(_ start: Double, _ stop: Double, after last: Double) -> (Double, Double) {
        let start = min(max(start, last), end)
        return (start, min(max(stop, start), end))
    }
}
