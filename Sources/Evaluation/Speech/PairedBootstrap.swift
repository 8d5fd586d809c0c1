/// The difference between the word error rates of two systems over the same samples, and how much of it may be chance.
///
/// The samples are drawn again with replacement, for both systems the same ones (Bisani and Ney, "Bootstrap estimates for
/// confidence intervals in ASR performance evaluation", 2004).
public struct PairedBootstrap: Sendable, Equatable {
    /// The candidate's rate less the baseline's, over all words.
    public let difference: Double
    /// The middle 95 % of the differences of drawn sets.
    public let interval: ClosedRange<Double>

    /// - Parameters:
    ///   - baseline: the counts of each sample, those of one reference at the same place in both.
    ///   - seed: of the draws.
    ///   - draws: the number of sets, 1 or more.
    /// - Returns: nil where there are no words, or the numbers of samples differ.
    public init?(baseline: [WordErrorRate], candidate: [WordErrorRate], seed: UInt64 = 0, draws: Int = 10_000) {
        guard baseline.count == candidate.count, draws > 0 else { return nil }
        let samples = zip(baseline, candidate).map { ($1.errorCount - $0.errorCount, $0.wordCount) }
        let words = samples.reduce(0) { $0 + $1.1 }
        guard words > 0 else { return nil }
        difference = Double(samples.reduce(0) { $0 + $1.0 }) / Double(words)
        var generator = Draws(state: seed)
        var differences: [Double] = []
        while differences.count < draws {
            var (errors, words) = (0, 0)
            for _ in samples {
                let sample = samples[Int.random(in: samples.indices, using: &generator)]
                errors += sample.0
                words += sample.1
            }
            // A set of samples without words says nothing.
            differences.append(words > 0 ? Double(errors) / Double(words) : 0)
        }
        differences.sort()
        func quantile(_ share: Double) -> Double {
            let place = share * Double(draws - 1)
            let below = Int(place)
            let above = min(below + 1, draws - 1)
            return differences[below] + (differences[above] - differences[below]) * (place - Double(below))
        }
        interval = quantile(0.025)...quantile(0.975)
    }

    /// SplitMix64.
    private struct Draws: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}
