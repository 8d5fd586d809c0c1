/// Rules on the next token of a sequence: logits that may not be chosen become −∞.
///
/// Reference: OpenAI's `whisper/decoding.py` (`SuppressBlank`, `SuppressTokens`, `ApplyTimestampRules`), and CTranslate2's
/// `ApplyTimestampRules` where they differ.
struct LogitRules {
    let vocabulary: DecodingVocabulary
    var suppressesBlank = true
    /// Whether the text has timestamps; the prompt ends in `noTimestamps` where it doesn't.
    var timestamps = true
    /// The latest first timestamp, in seconds; nil for none, as with a prefix.
    var maxInitialTimestamp: Double? = 1

    /// - Parameter sampled: the tokens after the prompt.
    func apply(to logits: inout [Float], sampled: [Int]) {
        for token in vocabulary.suppressed where token < logits.count { logits[token] = -.infinity }
        if suppressesBlank, sampled.isEmpty {
            for token in vocabulary.suppressedAtBegin where token < logits.count { logits[token] = -.infinity }
        }
        if timestamps {
            applyTimestampRules(to: &logits, sampled)
        } else {
            // A text without times has none, whatever the model says.
            for token in min(vocabulary.timestampBegin, logits.count)..<logits.count { logits[token] = -.infinity }
        }
    }

    private func applyTimestampRules(to logits: inout [Float], _ sampled: [Int]) {
        func forbid(_ range: Range<Int>) {
            for token in range.clamped(to: logits.indices) { logits[token] = -.infinity }
        }
        let begin = vocabulary.timestampBegin
        forbid(vocabulary.noTimestamps..<vocabulary.noTimestamps + 1)
        if sampled.isEmpty {
            // The first token is a timestamp, and not a late one.
            forbid(0..<begin)
            if let maxInitialTimestamp {
                let last = begin + Int((maxInitialTimestamp / DecodingVocabulary.timePrecision).rounded())
                forbid(last + 1..<max(last + 1, logits.count))
            }
        } else if let last = sampled.last {
            let endsInTimestamp = vocabulary.isTimestamp(last)
            // A lone first timestamp counts as a pair.
            let endsInPair = endsInTimestamp && (sampled.count < 2 || vocabulary.isTimestamp(sampled[sampled.count - 2]))
            if endsInPair {
                forbid(begin..<logits.count)
            } else if endsInTimestamp {
                forbid(0..<vocabulary.endOfText)
            }
            if let latest = sampled.last(where: vocabulary.isTimestamp) {
                // Times never run back; only the second of a pair may be equal to the first.
                forbid(begin..<(endsInTimestamp && !endsInPair ? latest : latest + 1))
            }
        }
        preferTimestamps(in: &logits)
    }

    /// Leaves timestamps alone where all of them together are more probable than the most probable other token.
    private func preferTimestamps(in logits: inout [Float]) {
        let begin = min(vocabulary.timestampBegin, logits.count)
        guard logits[begin...].logSumExp() > logits[..<begin].largest else { return }
        for token in 0..<begin { logits[token] = -.infinity }
    }
}
