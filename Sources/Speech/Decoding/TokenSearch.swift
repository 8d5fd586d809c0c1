/// The search for a window's tokens, step by step: it is given the logits of its texts, and tells the tokens that continue them.
///
/// Several searches run side by side over one source of logits, a window each.
///
/// Reference: CTranslate2's `decoding.cc`, which faster-whisper uses, for the beams; OpenAI's `decoding.py` for the rest.
protocol TokenSearch {
    /// - Parameter logits: [vocabulary] of each text that the last tokens made; at first those after the prompt alone. The rules
    ///   of decoding are applied to them in place.
    /// - Returns: nil when the search is complete.
    mutating func next(_ logits: inout [[Float]]) -> NextTokens?

    /// The best of the texts so far.
    var best: DecodedTokens { get }
}

/// The bounds of a search, whichever way it goes.
struct SearchBounds {
    let rules: LogitRules
    let endOfText: Int
    /// The most tokens of a window, without the prompt; at least 1.
    let limit: Int
}

extension SearchMethod {
    /// - Parameter random: for sampling; the same numbers draw the same texts.
    func search(_ bounds: SearchBounds, random: SplitMix) -> any TokenSearch {
        switch self {
        case .greedy: IndependentTexts(bounds, count: 1, temperature: 0, random: random)
        case .sampling(let temperature, let bestOf):
            IndependentTexts(bounds, count: bestOf, temperature: Float(temperature), random: random)
        case .beam(let size, let patience, let lengthPenalty):
            BeamSearch(bounds, size: size, patience: patience, lengthPenalty: lengthPenalty)
        }
    }
}

extension TokenSource {
    /// Runs a search in each window until all are complete.
    /// - Parameter firstLogits: of each window, after the prompt.
    /// - Throws: `CancellationError` between tokens; the errors of the source.
    func run(_ searches: inout [any TokenSearch], firstLogits: [[Float]]) async throws {
        var logits = firstLogits.map { [$0] }
        while true {
            var next: [NextTokens?] = Array(repeating: nil, count: searches.count)
            for window in searches.indices where !logits[window].isEmpty { next[window] = searches[window].next(&logits[window]) }
            guard next.contains(where: { $0 != nil }) else { return }
            try Task.checkCancellation()
            logits = try await advance(next)
        }
    }
}
