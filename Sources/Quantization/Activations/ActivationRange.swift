/// The range of an activation, as it is rounded to 8 bits.
public struct ActivationRange: Sendable, Hashable {
    public let low: Float
    public let high: Float
    /// Values that there are in the range.
    public static let levels = 256

    /// The whole range of 8 signed bits around 0, or of 8 unsigned bits where no value is negative (NNCF's symmetric scheme).
    /// - Parameters:
    ///   - minimum, maximum: of the activation. Values nearer to 0 than 8·10⁻⁵ count as that.
    public static func symmetric(minimum: Float, maximum: Float) -> ActivationRange {
        let bound = max(abs(minimum), abs(maximum), 8e-5)
        guard minimum < 0 else { return ActivationRange(low: 0, high: bound) }
        // 256 levels from −128 to 127: the lower end lies one step further out.
        return ActivationRange(low: -bound * 256 / 254, high: bound)
    }

    /// From the smallest value to the largest, widened so that 0 is one of the levels (NNCF's asymmetric scheme).
    ///
    /// Of the two ways to put 0 on a level the wider range is taken: nothing that was seen is cut off.
    public static func asymmetric(minimum: Float, maximum: Float) -> ActivationRange {
        var (low, high) = (minimum, maximum)
        if high - low <= 8e-4 { (low, high) = (low - 8e-4, high + 8e-4) }
        (low, high) = (min(low, 0), max(high, 0))
        let steps = Float(levels - 1)
        // In the reference's order of operations, whose rounding may decide for one level or the next.
        let zero = (-low * (steps / (high - low))).rounded(.toNearestOrEven)
        guard zero > 0, zero < steps else { return ActivationRange(low: low, high: high) }
        let byHigh = ActivationRange(low: zero / (zero - steps) * high, high: high)
        let byLow = ActivationRange(low: low, high: (zero - steps) / zero * low)
        return byHigh.high - byHigh.low > byLow.high - byLow.low ? byHigh : byLow
    }
}
