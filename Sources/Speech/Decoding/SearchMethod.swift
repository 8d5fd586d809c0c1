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

    /// The method at a temperature.
    init(_ options: DecodingOptions, temperature: Double) {
        if temperature > 0 {
            self = .sampling(temperature: temperature, bestOf: max(1, options.bestOf))
        } else if options.beamSize > 1 {
            self = .beam(size: options.beamSize, patience: options.patience, lengthPenalty: options.lengthPenalty)
        } else {
            self = .greedy
        }
    }
}
