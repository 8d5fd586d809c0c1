import Audio

/// The speech of a recording, and chunks of it that fit Whisper's windows.
///
/// Reference: faster-whisper's `collect_chunks`.
struct SpeechChunking {
    /// Samples of the recording, which begin and, but for the recording's end, end at frames of the spectrogram.
    let ranges: [Range<Int>]
    /// Frames of 10 ms of the ranges' excerpt: neighbouring ranges, as many as 30 s have room for.
    let chunks: [Range<Int>]

    /// - Parameter count: samples of the recording.
    init(_ probabilities: [Float], count: Int, _ options: VoiceActivityOptions) {
        self.init(SpeechRanges.find(probabilities, count: count, options), count: count)
    }

    init(_ speech: [Range<Int>], count: Int) {
        let hop = LogMelSpectrogram.hop
        func rounded(_ sample: Int) -> Int { sample == count ? count : sample / hop * hop }
        ranges = speech.map { rounded($0.lowerBound)..<rounded($0.upperBound) }.filter { !$0.isEmpty }
        var chunks: [Range<Int>] = []
        var end = 0
        for range in ranges {
            let frames = range.count / hop
            if let last = chunks.last, last.count + frames <= WindowSequence.windowFrames {
                chunks[chunks.count - 1] = last.lowerBound..<end + frames
            } else {
                // Rounding can make a part of 30 s a frame longer, of silence.
                chunks.append(end..<end + min(frames, max(WindowSequence.windowFrames, frames - 1)))
            }
            end += frames
        }
        self.chunks = chunks.filter { !$0.isEmpty }
    }
}
