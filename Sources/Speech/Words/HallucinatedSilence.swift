/// Finds texts that were written over silence, by words that are improbable, very short or very long.
///
/// Reference: faster-whisper's `generate_segments`.
struct HallucinatedSilence {
    /// Silence around such a text is longer than this, in seconds.
    let threshold: Double
    /// Of the window, in seconds.
    let start: Double
    let duration: Double
    /// Of the sound, in seconds.
    let total: Double

    enum Verdict: Equatable {
        case kept
        /// The window is decoded again from a time in seconds on, after leading silence.
        case skipped(to: Double)
        /// Parts from an index on are left out; the next window begins at a time in seconds.
        case cut(from: Int, next: Double)
    }

    /// - Parameter lastSpeech: the end of the last word before the window.
    func judge(_ parts: [WindowSegments.Part], lastSpeech: Double) -> Verdict {
        guard let first = parts.firstIndex(where: \.hasWords) else { return .kept }
        if parts[first].isAnomaly, parts[first].start - start > threshold { return .skipped(to: parts[first].start) }
        var before = lastSpeech
        for index in parts.indices where parts[index].hasWords {
            let part = parts[index]
            let next = parts[(index + 1)...].first(where: \.hasWords)
            if part.isAnomaly, isSilent(before: part, after: before), isSilent(after: part, before: next) {
                let reachesEnd = total - part.end < threshold
                return .cut(from: index, next: reachesEnd ? total : max(start + 1, part.start))
            }
            before = part.end
        }
        return .kept
    }

    /// Around the edges of the sound and of the window silence need not be heard.
    private func isSilent(before part: WindowSegments.Part, after end: Double) -> Bool {
        part.start - end > threshold || part.start < threshold || part.start - start < Self.margin
    }

    private func isSilent(after part: WindowSegments.Part, before next: WindowSegments.Part?) -> Bool {
        (next?.words?.first?.start ?? start + duration) - part.end > threshold || next?.isAnomaly == true
            || start + Self.windowDuration - part.end < Self.margin
    }

    private static let margin = 2.0
    /// Of every window, the last one's padding included.
    private static let windowDuration = Double(WindowSequence.windowFrames) * WindowSequence.secondsPerFrame
}

extension WindowSegments.Part {
    var hasWords: Bool { words?.isEmpty == false }

    /// Whether most of the first words are anomalies.
    var isAnomaly: Bool {
        guard let words, !words.isEmpty else { return false }
        let first = words.filter { !$0.text.isPart(of: Punctuation.all) }.prefix(8)
        let score = first.reduce(0) { $0 + $1.anomaly }
        return score >= 3 || score + 0.01 >= Double(first.count)
    }
}

extension Word {
    /// 0 for a usual word.
    var anomaly: Double {
        let duration = end - start
        return (probability < 0.15 ? 1 : 0) + max(0, 0.133 - duration) * 15 + max(0, duration - 2)
    }
}
