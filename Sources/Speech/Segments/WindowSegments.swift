/// The segments of a window's tokens, and how far the window was understood.
///
/// Reference: faster-whisper's `_split_segments_by_timestamps`, which does as OpenAI's `transcribe`.
struct WindowSegments: Equatable {
    /// A run of tokens with times in seconds from the sound's beginning.
    struct Part: Equatable {
        var start: Double
        var end: Double
        var tokens: [Int]
        var words: [Word]?
    }

    var parts: [Part]
    /// The frames by which the next window is later.
    var advance: Int
    /// Whether the text was understood up to the window's end: it closes with one timestamp.
    let endsInTimestamp: Bool

    /// Frames of the spectrogram for each step of timestamps.
    static let framesPerStep = 2

    /// - Parameters:
    ///   - start: the window's start in seconds.
    ///   - frames: the window's length in frames of 10 ms.
    init(_ tokens: [Int], _ vocabulary: DecodingVocabulary, start: Double, frames: Int) {
        let isTimestamp = tokens.map(vocabulary.isTimestamp)
        // A token that is no timestamp, as after a prefix, stands for the window's start.
        func time(_ token: Int) -> Double {
            start + Double(max(0, token - vocabulary.timestampBegin)) * DecodingVocabulary.timePrecision
        }
        endsInTimestamp = tokens.count >= 2 && !isTimestamp[tokens.count - 2] && isTimestamp[tokens.count - 1]
        // Two timestamps in a row close a part and open the next.
        var pairs = tokens.indices.dropFirst().filter { isTimestamp[$0] && isTimestamp[$0 - 1] }
        (parts, advance) = ([], frames)
        guard !pairs.isEmpty else {
            // The part lasts until the last timestamp, or to the window's end.
            var end = start + Double(frames) * 0.01
            if let last = tokens.last(where: vocabulary.isTimestamp), last != vocabulary.timestampBegin { end = time(last) }
            parts = [Part(start: start, end: end, tokens: tokens)]
            return
        }
        if endsInTimestamp { pairs.append(tokens.count) }
        var from = 0
        for pair in pairs {
            let part = Array(tokens[from..<pair])
            parts.append(Part(start: time(part[0]), end: time(part[part.count - 1]), tokens: part))
            from = pair
        }
        guard !endsInTimestamp else { return }
        // The rest has no end: it is decoded again from there. A window never stands still.
        let last = tokens[from - 1] - vocabulary.timestampBegin
        advance = min(max(last * Self.framesPerStep, 1), frames)
    }
}
