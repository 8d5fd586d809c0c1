/// The range of an activation, as it is rounded to 8 bits: one for the whole tensor, or one for each channel.
public struct ActivationRange: Sendable, Hashable {
    /// One element, or one for each channel (axis 1).
    public let lows: [Float]
    public let highs: [Float]
    /// Divisors of channels (axis 1) before rounding; empty if channels are not divided. A channel's own range is the range of
    /// the tensor times its divisor.
    public let divisors: [Float]
    /// The outermost bounds of all channels.
    public var low: Float { lows.min() ?? 0 }
    public var high: Float { highs.max() ?? 0 }
    /// The number of levels in the range.
    public static let levels = 256

    public init(low: Float, high: Float) { (lows, highs, divisors) = ([low], [high], []) }

    /// - Parameter channels: one range per channel, each of one element.
    public init(channels: [ActivationRange]) {
        (lows, highs, divisors) = (channels.flatMap(\.lows), channels.flatMap(\.highs), [])
    }

    /// - Parameters:
    ///   - divided: the common range of all channels after division, of one element.
    ///   - divisors: one per channel.
    public init(_ divided: ActivationRange, dividing divisors: [Float]) {
        (lows, highs, self.divisors) = (divided.lows, divided.highs, divisors)
    }

    /// The range of 8-bit signed integers around 0, or of unsigned integers if no value is negative (NNCF's symmetric scheme).
    /// - Parameters:
    ///   - minimum, maximum: extremes of the activation. Magnitudes below 8·10⁻⁵ count as 8·10⁻⁵.
    public static func symmetric(minimum: Float, maximum: Float) -> ActivationRange {
        symmetric(magnitude: max(abs(minimum), abs(maximum)), isSigned: minimum < 0)
    }

    public static func symmetric(magnitude: Float, isSigned: Bool) -> ActivationRange {
        let bound = max(magnitude, 8e-5)
        // 256 levels from −128 to 127: the lower end lies one step further out.
        return ActivationRange(low: isSigned ? -bound * 256 / 254 : 0, high: bound)
    }

    /// The range from the smallest value to the largest, widened so that 0 is one of the levels (NNCF's asymmetric scheme).
    ///
    /// Of the two ways to put 0 on a level, the wider range is taken, so that no measured value is clipped.
    public static func asymmetric(minimum: Float, maximum: Float) -> ActivationRange {
        var (low, high) = (minimum, maximum)
        if high - low <= 8e-4 { (low, high) = (low - 8e-4, high + 8e-4) }
        (low, high) = (min(low, 0), max(high, 0))
        let steps = Float(levels - 1)
        // The same order of operations as in the reference: its rounding may decide between two levels.
        let zero = (-low * (steps / (high - low))).rounded(.toNearestOrEven)
        guard zero > 0, zero < steps else { return ActivationRange(low: low, high: high) }
        let byHigh = ActivationRange(low: zero / (zero - steps) * high, high: high)
        let byLow = ActivationRange(low: low, high: (zero - steps) / zero * low)
        return byHigh.high - byHigh.low > byLow.high - byLow.low ? byHigh : byLow
    }
}

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

extension RangeEstimator: LosslessStringConvertible {
    /// `min-max`, `mean-min-max`, `mse`, or the share of the values that is kept, in the usual notation of a quantile: `0.9999`.
    public init?(_ description: String) {
        switch description {
        case "min-max": self = .minMax
        case "mean-min-max": self = .meanMinMax
        case "mse": self = .minimumMSE
        default:
            guard let kept = Double(description), kept > 0.5, kept < 1 else { return nil }
            self = .quantile(1 - kept)
        }
    }

    public var description: String {
        switch self {
        case .minMax: "min-max"
        case .meanMinMax: "mean-min-max"
        case .minimumMSE: "mse"
        case .quantile(let share): "\(1 - share)"
        }
    }
}
