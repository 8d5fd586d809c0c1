/// The way in which tokens are chosen.
public enum SearchMethod: Sendable, Hashable {
    /// The most probable token at each step.
    case greedy
    /// The most probable of several texts that are followed side by side.
    /// - Parameters:
    ///   - size: the number of texts.
    ///   - patience: how many texts must be complete, as a factor of `size`.
    ///   - lengthPenalty: the power of the length by which a text's log probability is divided.
    case beam(size: Int, patience: Double = 1, lengthPenalty: Double = 1)
    /// The best of several texts that are drawn at random, at a temperature above 0.
    case sampling(temperature: Double, bestOf: Int)

    /// The number of sequences.
    var sequences: Int {
        switch self {
        case .greedy: 1
        case .beam(let size, _, _): size
        case .sampling(_, let bestOf): bestOf
        }
    }
}
