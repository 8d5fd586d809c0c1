import Quantization
import Testing

/// Expected values: `symmetric_range` and `asymmetric_range` of NNCF 3.4.0's `quantization/fake_quantize.py`, for one tensor and
/// 8 bits (levels 256, not narrow).
@Suite struct ActivationRangeTests {
    struct Case: Sendable {
        let minimum, maximum: Float
        let symmetric, asymmetric: (low: Float, high: Float)
    }

    static let cases = [
        Case(minimum: -1, maximum: 1, symmetric: (-1.0078740119934082, 1), asymmetric: (-1.0078740119934082, 1)),
        Case(minimum: -0.5, maximum: 3, symmetric: (-3.0236220359802246, 3), asymmetric: (-0.5, 3.0416667461395264)),
        Case(minimum: 0, maximum: 2.5, symmetric: (0, 2.5), asymmetric: (0, 2.5)),
        Case(minimum: -3, maximum: 0, symmetric: (-3.0236220359802246, 3), asymmetric: (-3, 0)),
        Case(minimum: 0.1, maximum: 0.9, symmetric: (0, 0.9), asymmetric: (0, 0.9)),
        Case(minimum: -2, maximum: -0.25, symmetric: (-2.0157480239868164, 2), asymmetric: (-2, 0)),
        Case(
            minimum: 0, maximum: 0, symmetric: (0, 7.999999797903001e-05),
            asymmetric: (-0.0008062992128543556, 0.0007999999797903001)),
        Case(
            minimum: 1e-5, maximum: 2e-5, symmetric: (0, 7.999999797903001e-05),
            asymmetric: (-0.0007899999618530273, 0.0008215999114327133)),
        Case(
            minimum: -0.0001, maximum: 0.0006, symmetric: (-0.0006047244532965124, 0.0006000000284984708),
            asymmetric: (-0.0009032257366925478, 0.00139999995008111)),
        Case(
            minimum: -0.278464526, maximum: 19.3, symmetric: (-19.451967239379883, 19.3), asymmetric: (-0.3075697124004364, 19.3)),
        Case(minimum: -6.5, maximum: 0.01, symmetric: (-6.551180839538574, 6.5), asymmetric: (-6.5, 0.01)),
        Case(minimum: -1e-6, maximum: 5, symmetric: (-5.039370059967041, 5), asymmetric: (-1e-6, 5)),
    ]

    @Test(arguments: cases) func matchesNNCF(_ one: Case) {
        let symmetric = ActivationRange.symmetric(minimum: one.minimum, maximum: one.maximum)
        let asymmetric = ActivationRange.asymmetric(minimum: one.minimum, maximum: one.maximum)
        for (found, expected) in [(symmetric, one.symmetric), (asymmetric, one.asymmetric)] {
            #expect(abs(found.low - expected.low) <= abs(expected.low) * 1e-6)
            #expect(abs(found.high - expected.high) <= abs(expected.high) * 1e-6)
        }
    }

    /// 0 must come out as 0: padding and ReLU make many of them.
    @Test func zeroIsALevelAndNothingIsCutOff() {
        for low in stride(from: Float(-10), to: -0.1, by: 0.37) {
            for high in stride(from: Float(0.1), to: 10, by: 0.41) {
                let range = ActivationRange.asymmetric(minimum: low, maximum: high)
                // But for the rounding of the widening itself.
                #expect(range.low <= low * (1 - 1e-6) && range.high >= high * (1 - 1e-6))
                let zero = -range.low / (range.high - range.low) * 255
                #expect(abs(zero - zero.rounded()) < 1e-3, "\(low)...\(high)")
            }
        }
    }

    @Test func estimatorsAsText() throws {
        for (text, estimator) in ["min-max": .minMax, "mean-min-max": .meanMinMax, "mse": .minimumMSE] as [String: RangeEstimator]
        {
            #expect(RangeEstimator(text) == estimator)
            #expect(estimator.description == text)
        }
        guard case .quantile(let share) = try #require(RangeEstimator("0.9999")) else {
            Issue.record("not a quantile")
            return
        }
        #expect(abs(share - 1e-4) < 1e-12)
        for text in ["", "max", "0.5", "1", "nan", "-1"] { #expect(RangeEstimator(text) == nil, "\(text)") }
    }
}
