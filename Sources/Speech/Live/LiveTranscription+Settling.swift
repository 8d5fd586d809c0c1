import Audio
import Tokenizers

/// Settling of words and segments, and letting sound go.
extension LiveTranscription {
    mutating func settle(_ words: some Sequence<HypothesisWord>, _ emit: (LiveEvent) throws -> Void) throws {
        let words = Array(words)
        guard let first = words.first, let last = words.last else { return }
        buffer.settle(words.flatMap(\.tokens))
        // Times never run back, and are never after what was heard.
        let latest = buffer.start + buffer.duration
        let start = min(max(buffer.start + first.start, settledEnd), latest)
        settledEnd = min(max(buffer.start + last.end, start), latest)
        let text = words.map(\.text).joined()
        try emit(.committed(CommittedText(text: text, start: start, end: settledEnd, delay: 0)))
    }

    /// Lets the sound of segments go that the settled words after them close.
    /// - Returns: whether there are any.
    mutating func trim(_ hypothesis: LiveHypothesis, _ emit: (LiveEvent) throws -> Void) throws -> Bool {
        let tokens = buffer.tokens
        guard
            let pair = tokens.indices.dropFirst().last(where: {
                vocabulary.isTimestamp(tokens[$0]) && vocabulary.isTimestamp(tokens[$0 - 1])
            })
        else { return false }
        let seconds = vocabulary.seconds(tokens[pair])
        try close(Array(tokens[..<pair]), hypothesis, emit)
        buffer.drop(seconds: seconds, tokens: pair, vocabulary)
        heardCount = buffer.samples.count
        return true
    }

    /// Settles the segments of a hypothesis that are closed, or all where there is none; the rest is heard again.
    /// - Parameter isLast: whether the sound has ended. If not, a timestamp at the end may stand for a word that was cut.
    mutating func settleWindow(_ hypothesis: LiveHypothesis, isLast: Bool, _ emit: (LiveEvent) throws -> Void) throws {
        var tokens = hypothesis.repeats ? buffer.tokens : hypothesis.before + hypothesis.tokens
        if !isLast, tokens.last.map(vocabulary.isTimestamp) == true { tokens.removeLast() }
        let frames = buffer.samples.count / LogMelSpectrogram.hop
        let window = WindowSegments(tokens, vocabulary, start: buffer.start, frames: frames)
        // A window that would hardly move is settled whole.
        let isWhole = window.advance >= frames || window.advance < Self.leastAdvance
        var count = isWhole ? tokens.count : window.parts.reduce(0) { $0 + $1.tokens.count }
        if !hypothesis.repeats {
            var place = hypothesis.before.count
            let words = hypothesis.words.prefix {
                place += $0.tokens.count
                return place <= count
            }
            try settle(words.dropFirst(hypothesis.settledCount), emit)
        }
        try close(Array(tokens[..<count]), hypothesis, emit)
        count = min(count, buffer.tokens.count)
        buffer.drop(
            seconds: isWhole ? buffer.duration : Double(window.advance) * WindowSequence.secondsPerFrame, tokens: count,
            vocabulary)
        agreement.reset()
        heardCount = 0
    }

    /// Ends the text before a pause.
    /// - Parameter end: the seconds of the buffer up to which sound is let go.
    mutating func pause(
        _ tokens: [Int], _ hypothesis: LiveHypothesis?, after end: Double, _ emit: (LiveEvent) throws -> Void
    ) throws {
        try close(tokens, hypothesis, emit)
        buffer.drop(seconds: end, tokens: buffer.tokens.count, vocabulary)
        agreement.reset()
        heardCount = buffer.samples.count
    }

    /// Lets sound without words go, all but its end.
    mutating func letSilenceGo() {
        agreement.reset()
        if buffer.duration > LiveOptions.keptSilence {
            buffer.drop(seconds: buffer.duration - LiveOptions.keptSilence, tokens: 0, vocabulary)
        }
        heardCount = buffer.samples.count
    }

    /// Emits the segments of settled tokens, which the next windows continue.
    mutating func close(
        _ tokens: [Int], _ hypothesis: LiveHypothesis?, _ emit: (LiveEvent) throws -> Void
    ) throws {
        guard !tokens.isEmpty else { return }
        let frames = buffer.samples.count / LogMelSpectrogram.hop
        let latest = buffer.start + buffer.duration
        for part in WindowSegments(tokens, vocabulary, start: buffer.start, frames: frames).parts {
            let text = tokenizer.decode(part.tokens.map(Int32.init))
            guard !text.trimmed.isEmpty else { continue }
            let first = part.tokens.first.map { vocabulary.isTimestamp($0) ? buffer.start + vocabulary.seconds($0) : part.start }
            let start = min(max(first ?? part.start, segmentEnd), latest)
            segmentEnd = min(max(part.end, start), latest)
            try emit(
                .segment(
                    Segment(
                        start: start, end: segmentEnd, text: text, tokens: part.tokens, temperature: 0,
                        averageLogProbability: hypothesis?.averageLogProbability ?? 0,
                        compressionRatio: compressionRatio(text.trimmed),
                        noSpeechProbability: hypothesis?.noSpeechProbability ?? 0)))
        }
        if decoding.conditionsOnPreviousText { history += tokens }
    }
}
