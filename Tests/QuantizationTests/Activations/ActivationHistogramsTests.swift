import Foundation
import ModelGraph
import Quantization
import TensorStore
import TestSupport
import Testing

@Suite struct ActivationHistogramsTests {
    /// What rounding within a range leaves of numbers, by FakeQuantize's definition.
    static func error(_ values: [Float], _ range: ActivationRange) -> Double {
        let step = Double(range.high - range.low) / 255
        return values.reduce(0) { sum, x in
            let cut = Double(min(max(x, range.low), range.high))
            let rounded = ((cut - Double(range.low)) / step).rounded(.toNearestOrEven) * step + Double(range.low)
            return sum + (rounded - Double(x)) * (rounded - Double(x))
        } / Double(values.count)
    }

    /// Statistics and histograms of a graph of one product, run on one input.
    static func measure(_ values: [Float]) throws -> (ActivationStatistics, ActivationHistograms) {
        var graph = Graph()
        let x = graph.parameter("x", .f32, PartialShape([.fixed(values.count / 8), 8]))
        let w = graph.constant(numbers(64), shape: [8, 8], name: "w")
        graph.result(try graph.matMul(x, w, transposeB: true, name: "product"), name: "y")
        let placement = QuantizerPlacement(graph)
        let input = try Tensor(values, shape: [values.count / 8, 8])
        var statistics = ActivationStatistics(placement)
        try statistics.record(
            #require(
                try ActivationQuantizationTests.run(ActivationStatistics.instrumented(graph, placement), input)[
                    ActivationStatistics.output]))
        var histograms = try ActivationHistograms(statistics)
        try histograms.record(
            ActivationQuantizationTests.run(ActivationHistograms.instrumented(graph, placement), input))
        return (statistics, histograms)
    }

    /// Normal numbers (Box and Muller), to a power.
    static func normal(_ count: Int, power: Float = 1) -> [Float] {
        let (a, b) = (numbers(count, seed: 11), numbers(count, seed: 12))
        return zip(a, b).map { u, v in
            let x = (-2 * logf(max(abs(u), 1e-12))).squareRoot() * cosf(.pi * v)
            return copysignf(powf(abs(x), power), x)
        }
    }

    @Test func countsAreThoseOfPlainCode() throws {
        let values = Self.normal(600_001)
        let (low, high) = (try #require(values.min()), try #require(values.max()))
        var histogram = Histogram(low: low, high: high)
        values.withUnsafeBufferPointer { histogram.count($0) }
        let perUnit = Float(Double(Histogram.binCount) / (Double(high) - Double(low)))
        var expected = [UInt64](repeating: 0, count: Histogram.binCount)
        for x in values { expected[Int(min((x - low) * perUnit, Float(Histogram.binCount - 1)))] += 1 }
        #expect(histogram.counts == expected && histogram.total == 600_001)
        values.prefix(5).map { $0 }.withUnsafeBufferPointer { histogram.count($0) }
        #expect(histogram.total == 600_006)
    }

    @Test func numbersBeyondTheRangeAndARangeOfNothing() {
        var histogram = Histogram(low: -1, high: 1)
        [-5, -1, 1, 7, .nan as Float].withUnsafeBufferPointer { histogram.count($0) }
        #expect(histogram.counts[0] == 3 && histogram.counts[Histogram.binCount - 1] == 2)
        var point = Histogram(low: 3, high: 3)
        [3, 3 as Float].withUnsafeBufferPointer { point.count($0) }
        #expect(point.counts[0] == 2)
    }

    @Test(arguments: QuantizationPreset.allCases) func leastErrorIsLessThanExtremesLeaveWhereThereAreOutliers(
        preset: QuantizationPreset
    ) throws {
        // 8 bits are so many that cutting off gains no more than this: see the search by hand.
        for (power, share) in [(1, 0.95), (2, 0.95), (4, 0.98)] as [(Float, Double)] {
            let values = Self.normal(40_000, power: power)
            let (statistics, histograms) = try Self.measure(values)
            let whole = try statistics.ranges(preset, .minMax)[0]
            let best = try statistics.ranges(preset, .minimumMSE, histograms: histograms)[0]
            let (wide, narrow) = (Self.error(values, whole), Self.error(values, best))
            #expect(narrow < wide * share, "\(power): \(narrow), \(wide)")
            // Nothing that a search by hand finds is much better.
            for ratio in stride(from: Float(0.02), to: 1, by: 0.02) {
                let other =
                    preset == .performance
                    ? ActivationRange.symmetric(minimum: whole.low * ratio, maximum: whole.high * ratio)
                    : ActivationRange.asymmetric(minimum: whole.low * ratio, maximum: whole.high * ratio)
                #expect(narrow <= Self.error(values, other) * 1.05, "\(power) \(ratio)")
            }
            let zero = -best.low / (best.high - best.low) * 255
            #expect(abs(zero - zero.rounded()) < 1e-3)
        }
    }

    @Test(arguments: QuantizationPreset.allCases) func uniformNumbersKeepTheirExtremes(preset: QuantizationPreset) throws {
        let (statistics, histograms) = try Self.measure(numbers(40_000))
        #expect(
            try statistics.ranges(preset, .minimumMSE, histograms: histograms) == statistics.ranges(preset, .minMax))
        let positive = try Self.measure(numbers(40_000).map(abs))
        let range = try positive.0.ranges(preset, .minimumMSE, histograms: positive.1)
        #expect(try range == positive.0.ranges(preset, .minMax) && range[0].low == 0)
    }

    @Test func quantilesCutOffTheirShare() throws {
        let values = Self.normal(40_000, power: 2)
        let (statistics, histograms) = try Self.measure(values)
        let sorted = values.sorted()
        let width = (sorted[39_999] - sorted[0]) / Float(Histogram.binCount)
        let range = try statistics.ranges(.mixed, .quantile(0.01), histograms: histograms)[0]
        // To a part's width, and a level's by which zero is moved.
        let tolerance = width + (range.high - range.low) / 255
        #expect(abs(range.low - sorted[400]) <= tolerance && abs(range.high - sorted[39_599]) <= tolerance)
        let magnitudes = values.map(abs).sorted()
        let symmetric = try statistics.ranges(.performance, .quantile(0.01), histograms: histograms)[0]
        #expect(abs(symmetric.high - magnitudes[39_200]) <= 2 * width && symmetric.low == -symmetric.high * 256 / 254)
    }

    @Test func meansAndExtremes() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 4])
        graph.result(try graph.matMul(x, graph.constant(numbers(16), shape: [4, 4], name: "w"), name: "product"), name: "y")
        var statistics = ActivationStatistics(QuantizerPlacement(graph))
        #expect(throws: CalibrationError.noRuns) { try statistics.ranges(.mixed, .minMax) }
        for (low, high) in [(-1, 3), (-5, 2)] as [(Float, Float)] { try statistics.record(Tensor([low, high], shape: [2])) }
        #expect(try statistics.ranges(.mixed, .minMax) == [.asymmetric(minimum: -5, maximum: 3)])
        #expect(try statistics.ranges(.mixed, .meanMinMax) == [.asymmetric(minimum: -3, maximum: 2.5)])
        #expect(try statistics.ranges(.performance, .minMax) == [.symmetric(minimum: -5, maximum: 3)])
        // The mean of each run's largest magnitude, 3 and 5.
        #expect(try statistics.ranges(.performance, .meanMinMax) == [.symmetric(minimum: -4, maximum: 4)])
        #expect(throws: CalibrationError.noHistograms) { try statistics.ranges(.mixed, .minimumMSE) }
        let histograms = try ActivationHistograms(statistics)
        #expect(throws: CalibrationError.noRuns) { try statistics.ranges(.mixed, .minimumMSE, histograms: histograms) }
    }
}
