/// Schemes for rounding activations. Weights are symmetric in both.
public enum QuantizationPreset: String, Sendable, CaseIterable {
    /// Symmetric ranges, whose zero is the integer 0.
    case performance
    /// Asymmetric ranges, for activations that are mostly of one sign, such as those after SiLU and GELU.
    case mixed
}

/// Estimators of an activation's range.
public enum RangeEstimator: Sendable, Hashable {
    /// The smallest and the largest value of all runs.
    case minMax
    /// The means over runs of each run's smallest and largest value: NNCF's default.
    case meanMinMax
    /// The range after cutting off this share of the values at either end, from 0 to less than ½; NNCF uses 10⁻⁴.
    case quantile(Double)
    /// The range with the least expected squared error of rounding and clipping.
    case minimumMSE

    /// Whether the estimator needs a second pass that counts values.
    public var needsHistograms: Bool {
        switch self {
        case .minMax, .meanMinMax: false
        case .quantile, .minimumMSE: true
        }
    }
}
