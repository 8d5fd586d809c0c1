import Foundation

/// Several texts side by side; at each step the most probable continuations of all of them are kept.
///
/// Reference: CTranslate2's `BeamSearch::search`.
struct BeamSearch {
    private let search: TokenSearch
    private let size: Int
    private let patience: Double
    private let lengthPenalty: Double

    init(_ search: TokenSearch, size: Int, patience: Double, lengthPenalty: Double) {
        self.search = search
        self.size = size
        self.patience = patience
        self.lengthPenalty = lengthPenalty
    }

    private struct Candidate {
        var origin: Int
        var token: Int
        var score: Float
    }

    func decode(_ source: any TokenSource, _ firstLogits: [Float]) async throws -> DecodedTokens {
        // All beams begin alike, so the first step looks at one of them.
        var beams = [DecodedTokens(tokens: [], logProbability: 0)]
        var logits = [firstLogits]
        var complete: [DecodedTokens] = []
        let enough = max(1, Int((Double(size) * patience).rounded()))
        while true {
            if beams[0].tokens.count >= search.limit {
                complete += beams
                break
            }
            var candidates = bestCandidates(beams, &logits)
            var next: [Candidate] = []
            var isTopComplete = false
            var spare = min(size, candidates.count)
            for index in 0..<min(size, candidates.count) {
                var candidate = candidates[index]
                if candidate.token == search.endOfText {
                    isTopComplete = isTopComplete || index == 0
                    var done = beams[candidate.origin]
                    done.logProbability = candidate.score
                    complete.append(done)
                    // The next best one that goes on takes the place.
                    guard let other = candidates[spare...].firstIndex(where: { $0.token != search.endOfText }) else { continue }
                    candidate = candidates[other]
                    candidates.swapAt(index, other)
                    spare = other + 1
                }
                next.append(candidate)
            }
            if next.isEmpty || (isTopComplete && complete.count >= enough) { break }
            try Task.checkCancellation()
            beams = next.map { candidate in
                DecodedTokens(tokens: beams[candidate.origin].tokens + [candidate.token], logProbability: candidate.score)
            }
            // The network's batch is fixed: missing beams repeat the first.
            let padded = next + Array(repeating: next[0], count: size - next.count)
            logits = Array(try await source.advance(padded.map(\.token), origins: padded.map(\.origin)).prefix(next.count))
        }
        return complete.max { normalized($0) < normalized($1) } ?? beams[0]
    }

    /// The most probable continuations of all beams, twice as many as beams, the best first.
    private func bestCandidates(_ beams: [DecodedTokens], _ logits: inout [[Float]]) -> [Candidate] {
        var best: [Candidate] = []
        for (origin, beam) in beams.enumerated() {
            search.rules.apply(to: &logits[origin], sampled: beam.tokens)
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

extension [Float] {
    /// The largest values that are not −∞, the largest first, with their indices.
    func largest(_ count: Int) -> [(index: Int, value: Float)] {
        var found: [(index: Int, value: Float)] = []
        var least = -Float.infinity
        for (index, value) in enumerated() where value > least {
            let place = found.firstIndex { $0.value < value } ?? found.count
            found.insert((index, value), at: place)
            if found.count > count { found.removeLast() }
            if found.count == count, let last = found.last { least = last.value }
        }
        return found
    }
}
