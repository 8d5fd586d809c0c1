/// The quantity that the network predicts.
public enum PredictionType: String, Sendable, CaseIterable {
    /// The noise.
    case epsilon
    /// The finished sample.
    case sample
    /// The velocity of Salimans and Ho 2022.
    case vPrediction = "v_prediction"
}

extension PredictionType {
    /// x̂₀ of a sample `signal · x₀ + noise · ε`.
    func original(output: [Float], sample: [Float], _ weights: (signal: Float, noise: Float)) -> [Float] {
        switch self {
        case .epsilon: LatentArithmetic.combine(sample, output) { ($0 - weights.noise * $1) / weights.signal }
        case .sample: output
        case .vPrediction: LatentArithmetic.sum(weights.signal, sample, -weights.noise, output)
        }
    }

    /// ε̂ of a sample `signal · x₀ + noise · ε`.
    func epsilon(output: [Float], sample: [Float], _ weights: (signal: Float, noise: Float)) -> [Float] {
        switch self {
        case .epsilon: output
        case .sample: LatentArithmetic.combine(sample, output) { ($0 - weights.signal * $1) / weights.noise }
        case .vPrediction: LatentArithmetic.sum(weights.signal, output, weights.noise, sample)
        }
    }

    /// x̂₀ of a sample `x₀ + σ · ε`; the network's input is the sample divided by √(σ² + 1).
    func original(output: [Float], sample: [Float], sigma: Float) -> [Float] {
        switch self {
        case .epsilon: return LatentArithmetic.combine(sample, output) { $0 - sigma * $1 }
        case .sample: return output
        case .vPrediction:
            let variance = sigma * sigma + 1
            let weight = -sigma / variance.squareRoot()
            return LatentArithmetic.combine(sample, output) { $1 * weight + $0 / variance }
        }
    }
}
