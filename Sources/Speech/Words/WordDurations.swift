/// The durations of a window's words, in seconds.
///
/// Reference: faster-whisper's `add_word_timestamps`.
struct WordDurations: Equatable {
    /// At most 0.7; 0 without words.
    let median: Double
    /// Longer words are cut where silence is likely.
    var longest: Double { 2 * median }

    private static let greatestMedian = 0.7
    private static let sentenceEnds = ".。!！?？"

    init(median: Double) { self.median = median }

    init(of words: [AlignedWord]) {
        let sorted = words.map(\.duration).filter { $0 != 0 }.sorted()
        let middle = sorted.count / 2
        let median = sorted.isEmpty ? 0 : sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        self.median = min(Self.greatestMedian, median)
    }

    /// Cuts the marks that end sentences, and the words after them.
    func cutAtSentenceEnds(_ words: inout [AlignedWord]) {
        for index in words.indices.dropFirst() where words[index].duration > longest {
            if words[index].text.isPart(of: Self.sentenceEnds) {
                words[index].end = words[index].start + longest
            } else if words[index - 1].text.isPart(of: Self.sentenceEnds) {
                words[index].start = words[index].end - longest
            }
        }
    }

    /// Cuts the first words of a segment that come after a pause.
    /// - Parameter lastSpeech: the end of the word before.
    func cutAfterPause(_ words: inout [Word], lastSpeech: Double) {
        guard let first = words.first, first.end - lastSpeech > 4 * median else { return }
        let second = words.dropFirst().first
        guard first.end - first.start > longest || second.map({ $0.end - first.start > 2 * longest }) ?? false else { return }
        if let second, second.end - second.start > longest {
            let boundary = max(second.end / 2, second.end - longest)
            (words[0].end, words[1].start) = (boundary, boundary)
        }
        words[0].start = max(0, words[0].end - longest)
    }

    /// Takes a segment's times by timestamp tokens for those of its first and last word, where these are more than half a second
    /// longer; else the words' for the segment's.
    func reconcile(_ words: inout [Word], with part: inout WindowSegments.Part) {
        guard let first = words.first else { return }
        if part.start < first.end, part.start - 0.5 > first.start {
            words[0].start = max(0, min(first.end - median, part.start))
        } else {
            part.start = first.start
        }
        let last = words[words.count - 1]
        if part.end > last.start, part.end + 0.5 < last.end {
            words[words.count - 1].end = max(last.start + median, part.end)
        } else {
            part.end = last.end
        }
    }
}
