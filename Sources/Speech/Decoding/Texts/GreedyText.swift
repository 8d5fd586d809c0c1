/// Continues a text by the most probable token each time.
struct GreedyText {
    let bounds: SearchBounds

    /// - Parameters:
    ///   - logits: those after `before`.
    ///   - before: the tokens of the text so far, which the rules look at.
    /// - Throws: `CancellationError` between tokens; the errors of `source`.
    func decode(_ source: any TextSource, _ logits: [Float], after before: [Int]) async throws -> DecodedTokens {
        var (logits, decoded) = (logits, DecodedTokens())
        while decoded.tokens.count < bounds.limit {
            try Task.checkCancellation()
            bounds.rules.apply(to: &logits, sampled: before + decoded.tokens)
            let token = logits.largestIndex ?? bounds.endOfText
            decoded.logProbability += logits[token] - logits[...].logSumExp()
            guard token != bounds.endOfText else { break }
            decoded.tokens.append(token)
            guard decoded.tokens.count < bounds.limit else { break }
            logits = try await source.extend([token])[0]
        }
        return decoded
    }
}
