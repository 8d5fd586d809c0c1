import Foundation

/// The beta distribution with α = β = 0.6, by which "Beta Sampling is All You Need" (Lee et al. 2024) spaces σ.
///
/// Reference: `scipy.stats.beta.ppf(_, 0.6, 0.6)`.
enum BetaDistribution {
    private static let shape = 0.6
    /// B(α, β).
    private static let scale = tgamma(shape) * tgamma(shape) / tgamma(2 * shape)

    /// The value below which a share of the distribution lies.
    /// - Parameter share: 0 to 1.
    static func quantile(_ share: Double) -> Double {
        // The distribution is symmetric, and the series converges below its middle.
        guard share <= 0.5 else { return 1 - quantile(1 - share) }
        guard share > 0 else { return 0 }
        var (low, high) = (0.0, 0.5)
        // Each round halves the interval, down to the precision of doubles near 1.
        for _ in 0..<54 {
            let middle = (low + high) / 2
            if cumulative(middle) < share { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The share below `x`, 0 to 1/2: the incomplete beta function by its power series
    /// xᵅ Σ (1 - β)ₙ xⁿ / (n! (α + n)), divided by the complete one.
    private static func cumulative(_ x: Double) -> Double {
        var (sum, factor) = (0.0, 1.0)
        for index in 0..<64 {
            let term = factor / (shape + Double(index))
            sum += term
            if term < 1e-17 * sum { break }
            factor *= (1 - shape + Double(index)) / Double(index + 1) * x
        }
        return pow(x, shape) * sum / scale
    }
}
