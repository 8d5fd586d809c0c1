import Foundation

/// Chooses the tokens of a window.
///
/// Reference: CTranslate2's `decoding.cc`, which faster-whisper uses, for the beams; OpenAI's `decoding.py` for the rest.
struct TokenSearch {
    let rules: LogitRules
    let endOfText: Int
    /// The most tokens of a window, without the prompt.
    let limit: Int

    /// Decodes a window.
    /// - Parameters:
    ///   - firstLogits: those after the prompt.
    ///   - random: for sampling.
    /// - Throws: `CancellationError` between tokens; the errors of `source`.
    func decode(
        _ source: any TokenSource, firstLogits: [Float], _ method: SearchMethod, random: inout some RandomNumberGenerator
    ) async throws -> DecodedTokens {
        switch method {
        case .greedy:
            try await sample(source, firstLogits, count: 1) { logits in
                logits.indices.max { logits[$0] < logits[$1] } ?? endOfText
            }
        case .sampling(let temperature, let bestOf):
            try await sample(source, firstLogits, count: bestOf) { logits in
                Self.draw(logits, temperature: Float(temperature), &random)
            }
        case .beam(let size, let patience, let lengthPenalty):
            try await BeamSearch(self, size: size, patience: patience, lengthPenalty: lengthPenalty).decode(source, firstLogits)
        }
    }

    /// Sequences that do not depend on each other; the best of them.
    private func sample(
        _ source: any TokenSource, _ firstLogits: [Float], count: Int, choose: (inout [Float]) -> Int
    ) async throws -> DecodedTokens {
        var sequences = [DecodedTokens](repeating: DecodedTokens(tokens: [], logProbability: 0), count: count)
        var isComplete = [Bool](repeating: false, count: count)
        var logits = [[Float]](repeating: firstLogits, count: count)
        while true {
            var next = [Int](repeating: endOfText, count: count)
            for index in 0..<count where !isComplete[index] {
                // A text that is cut has no end whose probability counts.
                if sequences[index].tokens.count >= limit {
                    isComplete[index] = true
                    continue
                }
                rules.apply(to: &logits[index], sampled: sequences[index].tokens)
                let total = logits[index][...].logSumExp()
                let token = choose(&logits[index])
                sequences[index].logProbability += logits[index][token] - total
                if token == endOfText {
                    isComplete[index] = true
                } else {
                    sequences[index].tokens.append(token)
                    next[index] = token
                }
            }
            guard isComplete.contains(false) else { break }
            try Task.checkCancellation()
            logits = try await source.advance(next, origins: Array(0..<count))
        }
        return sequences.max { $0.logProbability / Float($0.tokens.count + 1) < $1.logProbability / Float($1.tokens.count + 1) }
            ?? DecodedTokens(tokens: [], logProbability: 0)
    }

    /// A token by its probability at a temperature.
    private static func draw(_ logits: [Float], temperature: Float, _ random: inout some RandomNumberGenerator) -> Int {
        let scaled = logits.map { $0 / temperature }
        let total = scaled[...].logSumExp()
        var left = Double.random(in: 0..<1, using: &random)
        for (token, logit) in scaled.enumerated() {
            left -= Double(exp(logit - total))
            if left < 0 { return token }
        }
        return logits.indices.max { logits[$0] < logits[$1] } ?? 0
    }
}
