import Tokenizers

/// Adds times of words to the segments of one window after the other.
struct WordTimes {
    /// nil keeps texts over silence.
    let hallucinationSilenceThreshold: Double?
    /// The end of the last word so far.
    private var lastSpeech = 0.0

    init(hallucinationSilenceThreshold: Double?) {
        self.hallucinationSilenceThreshold = hallucinationSilenceThreshold
    }

    /// Adds words, moves the window after this one to the end of the last, and leaves out texts over silence.
    /// - Parameters:
    ///   - window: the window's frames of 10 ms.
    ///   - frames: the frames at which the sound ends.
    /// - Returns: whether the window's text counts; otherwise it is decoded again from later on.
    /// - Throws: the errors of the source.
    mutating func add(
        to segments: inout WindowSegments, _ aligned: WindowWords, frames window: Range<Int>, end frames: Int
    ) async throws -> Bool {
        let seconds = WindowSequence.secondsPerFrame
        let start = Double(window.lowerBound) * seconds
        let texts = segments.parts.map(aligned.text)
        let words = try await aligned.words(texts.flatMap(\.self), frames: window.count)
        segments.addWords(words, textTokenCounts: texts.map(\.count), start: start, lastSpeech: lastSpeech)
        func advance(to time: Double) { segments.advance = max(1, Int((time / seconds).rounded()) - window.lowerBound) }
        if !segments.endsInTimestamp, let end = segments.end, end > start { advance(to: end) }
        if let hallucinationSilenceThreshold {
            let silence = HallucinatedSilence(
                threshold: hallucinationSilenceThreshold, start: start, duration: Double(window.count) * seconds,
                total: Double(frames) * seconds)
            switch silence.judge(segments.parts, lastSpeech: lastSpeech) {
            case .kept: break
            case .skipped(let time):
                segments.parts = []
                advance(to: time)
                return false
            case .cut(let index, let next):
                segments.parts.removeSubrange(index...)
                advance(to: next)
            }
        }
        if let end = segments.end { lastSpeech = end }
        return true
    }
}

/// The decoder's attention to a window, by which its words are found.
struct WindowWords {
    let aligner: WordAligner
    let source: any TokenSource
    /// The window's place in the source.
    let window: Int

    /// The tokens of text alone.
    func text(_ part: WindowSegments.Part) -> [Int] { part.tokens.filter { $0 < Int(aligner.tokenizer.special.endOfText) } }

    func words(_ text: [Int], frames: Int) async throws -> [AlignedWord] {
        try await aligner.words(text, source, window: window, frames: frames)
    }
}
