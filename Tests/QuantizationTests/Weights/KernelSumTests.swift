import ModelGraph
import Quantization
import TensorStore
import Testing

@Suite struct KernelSumTests {
    private let values = numbers(6 * 5 * 9, seed: 9)

    private func codes(_ mode: WeightMode, keepsKernelSums: Bool) throws -> (codes: [Float], quotients: [Float]) {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 5, 8, 8])
        let kernel = graph.constant(values, shape: [6, 5, 3, 3], name: "w")
        graph.result(try graph.convolution(x, kernel, name: "conv"), name: "y")
        var options = WeightCompressionOptions(mode: mode)
        options.keepsKernelSums = keepsKernelSums
        let result = try WeightCompression(options).apply(to: graph).graph
        let codes = try #require(QuantizedWeightReading.constant(result, "w"))
        let scales = try #require(QuantizedWeightReading.constant(result, "w/scale")).bytes.withUnsafeBytes {
            Array($0.bindMemory(to: Float.self))
        }
        return (
            QuantizedWeightReading.decode(codes.bytes, codes.type, values.count),
            values.indices.map { values[$0] / scales[$0 / 45] }
        )
    }

    @Test func sumsAreTheNearest() throws {
        let (codes, quotients) = try codes(.int8Narrow, keepsKernelSums: true)
        var missing: [Float] = []
        for start in stride(from: 0, to: codes.count, by: 9) {
            let kernel = start..<start + 9
            missing.append(zip(codes[kernel], quotients[kernel]).reduce(0) { $0 + $1.1 - $1.0 })
        }
        #expect(missing.allSatisfy { abs($0) <= 0.501 }, "\(missing)")
        // No weight further off than one of its two neighbours.
        #expect(zip(codes, quotients).allSatisfy { abs($0 - $1) < 1 && abs($0) <= 127 })
    }

    @Test func nearestCodesOtherwise() throws {
        let (codes, quotients) = try codes(.int8Narrow, keepsKernelSums: false)
        #expect(zip(codes, quotients).allSatisfy { abs($0 - $1) <= 0.501 })
        let sums = stride(from: 0, to: codes.count, by: 9).map { start in
            zip(codes[start..<start + 9], quotients[start..<start + 9]).reduce(0) { $0 + $1.1 - $1.0 }
        }
        #expect(sums.contains { abs($0) > 0.6 })
    }

    /// A kernel of one weight has no sum to keep, and a matrix product no kernels.
    @Test func productsAreRoundedAsEver() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [4, 45])
        let weights = graph.constant(values, shape: [6, 45], name: "w")
        graph.result(try graph.matMul(x, weights, transposeB: true, name: "product"), name: "y")
        var options = WeightCompressionOptions(mode: .int8Narrow)
        let plain = try WeightCompression(options).apply(to: graph).graph
        options.keepsKernelSums = true
        let kept = try WeightCompression(options).apply(to: graph).graph
        #expect(QuantizedWeightReading.constant(plain, "w")?.bytes == QuantizedWeightReading.constant(kept, "w")?.bytes)
    }
}
