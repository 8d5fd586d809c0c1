/// How activations are rounded. Weights are symmetric in either.
public enum QuantizationPreset: String, Sendable, CaseIterable {
    /// Symmetric ranges, whose zero is the integer 0.
    case performance
    /// Asymmetric ranges, which serve activations better that are mostly of one sign, such as those after SiLU and GELU.
    case mixed
}

/// What the range of an activation is found from.
public enum RangeEstimator: Sendable, Hashable {
    /// The smallest and the largest value of all runs.
    case minMax
    /// The means over runs of each run's smallest and largest value: NNCF's default.
    case meanMinMax
    /// What is left when the given share of values is cut off at either end, from 0 to less than ½; 10⁻⁴ in NNCF.
    case quantile(Double)
    /// The range by which the expected squared error of rounding and cutting off is least.
    case minimumMSE

    /// Whether a second pass has to count values.
    public var needsHistograms: Bool {
        switch self {
        case .minMax, .meanMinMax: false
        case .quantile, .minimumMSE: true
        }
    }
}
