import Quantization
import TensorStore
import Testing

@Suite struct WeightQuantizerTests {
    private func quantize(
        _ values: [Float], _ shape: Shape, _ mode: WeightMode, group: Int? = nil, reduced: Range<Int> = 1..<2
    ) throws -> QuantizedWeight {
        try values.withUnsafeBytes {
            try WeightQuantizer(mode: mode, groupSize: group).quantize(
                $0, .f32, WeightLayout(shape: shape, reducedAxes: reduced), name: "w")
        }
    }

    @Test(arguments: WeightMode.allCases) func weightsThatAreNotFiniteAreRefused(mode: WeightMode) {
        for bad in [Float.nan, .infinity, -.infinity] {
            for place in [0, 9, 18] {
                var values = numbers(19)
                values[place] = bad
                #expect(throws: QuantizationError.notFinite(tensor: "w")) { try quantize(values, [1, 19], mode) }
            }
        }
    }

    @Test func rowsOfZeros() throws {
        let zeros = [Float](repeating: 0, count: 16)
        let symmetric = try quantize(zeros, [2, 8], .int8Symmetric)
        #expect(symmetric.scales == [.ulpOfOne, .ulpOfOne] && symmetric.codes.allSatisfy { $0 == 0 })
        let asymmetric = try quantize(zeros, [2, 8], .int4Asymmetric)
        #expect(asymmetric.scales == [.ulpOfOne, .ulpOfOne] && asymmetric.zeroPoints == [0, 0])
        #expect(asymmetric.codes == [0, 0, 0, 0, 0, 0, 0, 0] && asymmetric.relativeError == 0)
        #expect(try quantize(zeros, [2, 8], .nf4).codes.allSatisfy { $0 == 0x77 })
        // One row of zeros beside another: a hundredth of the other's range.
        let narrow = try quantize([0, 0, 1.27, -1], [2, 2], .int8Narrow)
        #expect(abs(narrow.scales[0] / 1e-4 - 1) < 1e-6 && abs(narrow.scales[1] / 1e-2 - 1) < 1e-6)
    }

    @Test func theLargestMagnitudeGetsTheLowestCode() throws {
        let positive = try quantize([1, -0.5, 0.25], [1, 3], .int8Symmetric)
        #expect(positive.scales == [-1.0 / 128] && positive.codes.map { Int8(bitPattern: $0) } == [-128, 64, -32])
        let negative = try quantize([0.5, -1, 0.25], [1, 3], .int4Symmetric)
        #expect(negative.scales == [1.0 / 8] && negative.codes == [0x84, 0x02])
    }

    @Test func roundingIsHalfToEven() throws {
        // Scale 1: −128 is the lowest.
        let values: [Float] = [-128, 0.5, 1.5, 2.5, -0.5, -1.5, 126.5, 100.4, -2.5, 3.5]
        let codes = try quantize(values, [1, 10], .int8Symmetric).codes.map { Int8(bitPattern: $0) }
        #expect(codes == [-128, 0, 2, 2, 0, -2, 126, 100, -2, 4])
    }

    @Test func narrowAndHalfRange() throws {
        let values: [Float] = [1.27, -0.635, 0.01, 0, -1.27]
        #expect(try quantize(values, [1, 5], .int8Narrow).codes.map { Int8(bitPattern: $0) } == [127, -64, 1, 0, -127])
        let half = try quantize(values, [1, 5], .int8HalfRange)
        #expect(abs(half.scales[0] - 0.02) < 1e-8 && half.codes.allSatisfy { abs(Int(Int8(bitPattern: $0))) <= 64 })
    }

    @Test func upsampledKernelsAddUpToCodes() throws {
        // Channels of smooth kernels, alternating ones, and next to nothing.
        var values = numbers(4 * 5 * 9)
        for index in 45..<90 { values[index] = 0.5 + abs(values[index]) }
        for index in 90..<135 { values[index] = index % 2 == 0 ? 1 : -1 }
        for index in 135..<180 { values[index] *= 1e-6 }
        let weight = try quantize(values, [4, 5, 3, 3], .int8Upsampled, reduced: 1..<4)
        let codes = weight.codes.map { Int(Int8(bitPattern: $0)) }
        let plain = values.indices.map { (values[$0] / weight.scales[$0 / 45]).rounded() }
        var largest = [0, 0, 0, 0]
        var (error, plainError) = (Float(0), Float(0))
        for kernel in 0..<20 {
            for rows in [0..<1, 1..<3, 0..<2, 2..<3] {
                for columns in [0..<1, 1..<3, 0..<2, 2..<3] {
                    let places = rows.flatMap { row in columns.map { 9 * kernel + 3 * row + $0 } }
                    let sum = places.reduce(0) { $0 + codes[$1] }
                    largest[kernel / 5] = max(largest[kernel / 5], abs(sum))
                    let exact = places.reduce(0) { $0 + values[$1] } / weight.scales[kernel / 5]
                    error += (Float(sum) - exact) * (Float(sum) - exact)
                    let plainDifference = places.reduce(0) { $0 + plain[$1] } - exact
                    plainError += plainDifference * plainDifference
                }
            }
        }
        // As far as the sums allow.
        #expect(largest[..<3].allSatisfy { (123...127).contains($0) } && largest[3] < 2, "\(largest)")
        #expect(codes[90..<135].allSatisfy { abs($0) == 125 })
        // Sums are nearer than those of rounded weights, and weights not far.
        #expect(error < 0.8 * plainError, "\(error) \(plainError)")
        for (index, code) in codes.enumerated() {
            #expect(abs(Float(code) * weight.scales[index / 45] - values[index]) <= 1.5 * weight.scales[index / 45])
        }
        // Other weights have nothing to add up.
        for shape in [[2, 90], [4, 5, 9]] as [Shape] {
            let (found, narrow) = try (
                quantize(values, shape, .int8Upsampled), quantize(values, shape, .int8Narrow)
            )
            #expect(found.codes == narrow.codes && found.scales == narrow.scales)
        }
    }

    @Test func channelsBehindTheReducedAxis() throws {
        // [3, 2]: columns are channels.
        let weight = try quantize([-1, 4, 0.5, -2, 0, 1], [3, 2], .int8Symmetric, reduced: 0..<1)
        #expect(weight.scaleShape == [1, 2] && weight.scales == [1.0 / 128, -4.0 / 128])
        #expect(weight.codes.map { Int8(bitPattern: $0) } == [-128, -128, 64, 64, 0, -32])
    }

    @Test func refusals() throws {
        #expect(throws: QuantizationError.groupSize(tensor: "w", 4, depth: 6)) {
            try quantize(numbers(12), [2, 6], .int4Symmetric, group: 4)
        }
        #expect(throws: QuantizationError.groupsNotTaken(tensor: "w", .int8Symmetric)) {
            try quantize(numbers(12), [2, 6], .int8Symmetric, group: 3)
        }
        #expect(throws: QuantizationError.size(tensor: "w", expected: 48, found: 44)) {
            try quantize(numbers(11), [2, 6], .int8Symmetric)
        }
        #expect(throws: QuantizationError.scaleRange(tensor: "w", 1e6)) { try quantize([1e6, 1], [1, 2], .nf4) }
        let integers = [Int32](repeating: 1, count: 4)
        #expect(throws: QuantizationError.elementType(tensor: "w", .i32)) {
            try integers.withUnsafeBytes {
                try WeightQuantizer(mode: .int8Symmetric).quantize(
                    $0, .i32, WeightLayout(shape: [2, 2], reducedAxes: 1..<2), name: "w")
            }
        }
    }

    @Test func halfPrecisionIsReadExactly() throws {
        // All finite f16 numbers, as one row: f16 and the same in f32 give the same codes.
        let bits = (UInt16(0)...UInt16.max).filter { $0 & 0x7C00 != 0x7C00 }
        let layout = WeightLayout(shape: [1, bits.count], reducedAxes: 1..<2)
        let quantizer = WeightQuantizer(mode: .int8Narrow)
        let half = try bits.withUnsafeBytes { try quantizer.quantize($0, .f16, layout, name: "w") }
        let full = try quantize(bits.map(HalfPrecision.float(f16:)), [1, bits.count], .int8Narrow)
        #expect(half.codes == full.codes && half.scales == full.scales && half.relativeError == full.relativeError)
    }
}
