import Foundation

/// Several texts side by side; at each step the most probable continuations of all of them are kept.
///
/// Reference: CTranslate2's `BeamSearch::search`.
struct BeamSearch: TokenSearch {
    private let bounds: SearchBounds
    private let size: Int
    /// Complete texts that end the search.
    private let enough: Int
    private let lengthPenalty: Double
    /// All beams begin alike, so that at first there is one.
    private var beams = [DecodedTokens()]
    private var complete: [DecodedTokens] = []

    init(_ bounds: SearchBounds, size: Int, patience: Double, lengthPenalty: Double) {
        self.bounds = bounds
        self.size = size
        enough = max(1, Int((Double(size) * patience).rounded()))
        self.lengthPenalty = lengthPenalty
    }

    private struct Candidate {
        var origin: Int
        var token: Int
        var score: Float
    }

    mutating func next(_ logits: inout [[Float]]) -> NextTokens? {
        var candidates = bestCandidates(&logits)
        var next: [Candidate] = []
        var isTopComplete = false
        var spare = min(size, candidates.count)
        for index in 0..<min(size, candidates.count) {
            var candidate = candidates[index]
            if candidate.token == bounds.endOfText {
                isTopComplete = isTopComplete || index == 0
                var done = beams[candidate.origin]
                done.logProbability = candidate.score
                complete.append(done)
                // The next best one that goes on takes the place.
                guard let other = candidates[spare...].firstIndex(where: { $0.token != bounds.endOfText }) else { continue }
                candidate = candidates[other]
                candidates.swapAt(index, other)
                spare = other + 1
            }
            next.append(candidate)
        }
        if next.isEmpty || (isTopComplete && complete.count >= enough) { return nil }
        beams = next.map { candidate in
            DecodedTokens(tokens: beams[candidate.origin].tokens + [candidate.token], logProbability: candidate.score)
        }
        guard beams[0].tokens.count < bounds.limit else {
            complete += beams
            return nil
        }
        return NextTokens(tokens: next.map(\.token), origins: next.map(\.origin))
    }

    var best: DecodedTokens { complete.max { normalized($0) < normalized($1) } ?? beams[0] }

    /// The most probable continuations of all beams, twice as many as beams, the best first.
    private func bestCandidates(_ logits: inout [[Float]]) -> [Candidate] {
        var best: [Candidate] = []
        for (origin, beam) in beams.enumerated() {
            bounds.rules.apply(to: &logits[origin], sampled: beam.tokens)
            let total = logits[origin][...].logSumExp()
            for (token, logit) in logits[origin].largest(2 * size) {
                best.append(Candidate(origin: origin, token: token, score: beam.logProbability + logit - total))
            }
        }
        // A stable order: of equal ones the first beam's.
        let order = best.indices.sorted { (best[$0].score, $1) > (best[$1].score, $0) }
        return order.prefix(2 * size).map { best[$0] }
    }

    private func normalized(_ text: DecodedTokens) -> Double {
        Double(text.logProbability) / pow(Double(max(1, text.tokens.count)), lengthPenalty)
    }
}
