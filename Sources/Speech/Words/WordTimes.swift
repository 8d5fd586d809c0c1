import Tokenizers

/// Adds times of words to the segments of one window after the other.
struct WordTimes {
    let aligner: WordAligner
    /// nil keeps texts over silence.
    let hallucinationSilenceThreshold: Double?
    /// The end of the last word so far.
    private var lastSpeech = 0.0

    init(aligner: WordAligner, hallucinationSilenceThreshold: Double?) {
        self.aligner = aligner
        self.hallucinationSilenceThreshold = hallucinationSilenceThreshold
    }

    /// Adds words, moves the window after this one to the end of the last, and leaves out texts over silence.
    /// - Parameters:
    ///   - window: the window's frames of 10 ms.
    ///   - frames: the sound's.
    /// - Returns: whether the window's text counts; otherwise it is decoded again from later on.
    /// - Throws: the errors of `source`.
    mutating func add(
        to segments: inout WindowSegments, _ source: any TokenSource, window: Range<Int>, frames: Int
    ) async throws -> Bool {
        let seconds = SequentialTranscription.secondsPerFrame
        let start = Double(window.lowerBound) * seconds
        let end = Int(aligner.tokenizer.special.endOfText)
        let texts = segments.parts.map { $0.tokens.filter { $0 < end } }
        let words = try await aligner.words(texts.flatMap(\.self), source, frames: window.count)
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
