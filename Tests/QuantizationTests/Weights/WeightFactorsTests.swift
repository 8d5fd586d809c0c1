import ModelGraph
import Quantization
import TensorStore
import TestSupport
import Testing

@Suite struct WeightFactorsTests {
    /// Two products, one with weights `[12, 16]`, one with `[12, 10]`, and a convolution of 3 channels to 5.
    private func network(_ scale: (Int, Int) -> Float = { _, _ in 1 }) throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 3, 4, 4])
        func weights(_ name: String, _ shape: Shape, input: Int, seed: UInt64) -> Value {
            let count = shape.reduce(1, *)
            let places = shape[(input + 1)...].reduce(1, *)
            let values = numbers(count, seed: seed).enumerated().map { $1 * scale($0 / places % shape[input], seed == 1 ? 0 : 1) }
            return graph.constant(values, shape: shape, name: name)
        }
        let picture = try graph.convolution(
            x, weights("conv.weight", [5, 3, 3, 3], input: 1, seed: 1), padding: [1, 1], name: "conv")
        let rows = try graph.reshape(picture, to: [5, 16])
        let first = try graph.matMul(rows, weights("a.weight", [12, 16], input: 1, seed: 2), transposeB: true, name: "a")
        graph.result(try graph.matMul(first, weights("b.weight", [12, 10], input: 0, seed: 3), name: "b"), name: "y")
        return graph
    }

    private func factor(_ channel: Int, _ kind: Int) -> Float { kind == 0 ? Float(channel + 1) * 0.5 : 1 + Float(channel) * 0.25 }

    private var factors: [String: WeightFactors] {
        [
            "conv.weight": WeightFactors(input: (0..<3).map { factor($0, 0) }),
            "a.weight": WeightFactors(input: (0..<16).map { factor($0, 1) }),
            "b.weight": WeightFactors(input: (0..<12).map { factor($0, 1) }),
        ]
    }

    @Test(arguments: [WeightMode.int8Narrow, .int8Asymmetric]) func codesAreThoseOfMultipliedWeights(mode: WeightMode) throws {
        var options = WeightCompressionOptions(mode: mode)
        let expected = try WeightCompression(options).apply(to: network(factor)).graph
        options.factors = factors
        let found = try WeightCompression(options).apply(to: network()).graph
        for name in ["conv.weight", "a.weight", "b.weight"] {
            #expect(try QuantizedWeightReading.dequantized(found, name) == QuantizedWeightReading.dequantized(expected, name))
        }
    }

    @Test func groupsTakeTheirChannelsFactors() throws {
        var options = WeightCompressionOptions(mode: .int4Symmetric, groupSize: 4)
        options.allLayers = true
        let expected = try WeightCompression(options).apply(to: network(factor)).graph
        options.factors = factors
        // In this mode the convolution is a backup layer, with factors as well.
        let found = try WeightCompression(options).apply(to: network()).graph
        for name in ["conv.weight", "a.weight", "b.weight"] {
            let codes = [found, expected].map { QuantizedWeightReading.constant($0, name)?.bytes }
            #expect(codes[0] != nil && codes[0] == codes[1], "\(name)")
        }
    }

    @Test func outputFactorsScaleChannels() throws {
        var options = WeightCompressionOptions(mode: .int8Narrow)
        let plain = try QuantizedWeightReading.dequantized(WeightCompression(options).apply(to: network()).graph, "a.weight")
        let rows = (0..<12).map { Float(1 << ($0 % 3)) }
        options.factors["a.weight"] = WeightFactors(output: rows)
        let scaled = try QuantizedWeightReading.dequantized(WeightCompression(options).apply(to: network()).graph, "a.weight")
        #expect(zip(plain, scaled).enumerated().allSatisfy { $1.0 * rows[$0 / 16] == $1.1 })
    }

    /// Weights that stay in floating point are multiplied all the same: their activations have been divided.
    @Test func ignoredWeightsAreMultipliedInTheGraph() throws {
        var options = WeightCompressionOptions(mode: .int8Narrow)
        options.ignored = IgnoredScope(names: ["conv", "a", "b"])
        options.factors = factors
        let found = try WeightCompression(options).apply(to: network())
        #expect(found.report.layers.isEmpty && found.report.skipped.count == 3)
        let x = try Tensor(numbers(48, seed: 8), shape: [1, 3, 4, 4])
        expectClose(try run(found.graph, [x]), try run(network(factor), [x]), tolerance: 1e-5)
    }

    @Test func numbersThatFitNothingAreRefused() throws {
        let graph = try network()
        var options = WeightCompressionOptions(mode: .int8Narrow)
        options.factors = ["a.weigth": WeightFactors(input: [1])]
        #expect(throws: QuantizationError.unknown("a.weigth", near: ["a.weight"])) {
            try WeightCompression(options).apply(to: graph)
        }
        options.factors = ["a.weight": WeightFactors(input: [1, 2])]
        #expect(throws: QuantizationError.channelCount(tensor: "a.weight", expected: 16, found: 2)) {
            try WeightCompression(options).apply(to: graph)
        }
        options.ignored = IgnoredScope(names: ["a"])
        #expect(throws: QuantizationError.channelCount(tensor: "a.weight", expected: 16, found: 2)) {
            try WeightCompression(options).apply(to: graph)
        }
        options = WeightCompressionOptions(mode: .int8Narrow)
        options.modes = ["nothing": .int8Symmetric]
        #expect(throws: QuantizationError.unknown("nothing", near: [])) { try WeightCompression(options).apply(to: graph) }
    }

    @Test func operationsHaveModesOfTheirOwn() throws {
        var options = WeightCompressionOptions(mode: .int8Narrow)
        options.modes = ["a": .int8Symmetric]
        options.ignored = IgnoredScope(names: ["conv"])
        let report = try WeightCompression(options).apply(to: network()).report
        #expect(report.layers.map(\.operation) == ["a", "b"] && report.layers.map(\.mode) == [.int8Symmetric, .int8Narrow])
    }

    /// Σ mean·(w − ŵ), which is what the output's mean loses where the input's mean is that.
    @Test(arguments: [WeightMode.int8Narrow, .int8Asymmetric]) func shiftsAreWhatRoundingTakesFromTheMean(
        mode: WeightMode
    ) throws {
        var options = WeightCompressionOptions(mode: mode)
        let means = numbers(16, seed: 4)
        options.inputMeans = ["a.weight": means]
        let (graph, report) = try WeightCompression(options).apply(to: network())
        let stored = try QuantizedWeightReading.dequantized(graph, "a.weight")
        let exact = numbers(192, seed: 2)
        let expected: [Float] = (0..<12).map { row in
            (0..<16).reduce(0) { $0 + means[$1] * (exact[row * 16 + $1] - stored[row * 16 + $1]) }
        }
        let shifts = try #require(report.layers.first { $0.operation == "a" }).outputShifts
        expectClose(shifts, expected, tolerance: 1e-4)
        #expect(report.layers.first { $0.operation == "b" }?.outputShifts == [])
    }
}
