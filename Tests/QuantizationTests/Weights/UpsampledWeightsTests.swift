import ModelGraph
import Quantization
import TensorStore
import TestSupport
import Testing

@Suite struct UpsampledWeightsTests {
    /// A rounded picture that is doubled, and a 3×3 convolution of it.
    private func graph() throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 7, 4, 6])
        let (low, high) = (graph.scalar(-1), graph.scalar(1))
        let larger = try graph.upsampleNearest(graph.fakeQuantize(x, low: low, high: high, levels: 256), by: 2)
        let weights = graph.constant(numbers(5 * 7 * 9).map { $0 + 0.2 }, shape: [5, 7, 3, 3], name: "w")
        graph.result(try graph.convolution(larger, weights, padding: [1, 1], name: "conv"), name: "y")
        return graph
    }

    @Test(arguments: [false, true]) func kernelsOfFourConvolutionsAreCodes(keepsKernelSums: Bool) throws {
        let graph = try graph()
        #expect(graph.upsampledConvolutions == ["conv"])
        let (plain, summed): (WeightMode, WeightMode) =
            int8Saturates ? (.int8HalfRange, .int8HalfRangeUpsampled) : (.int8Narrow, .int8Upsampled)
        var options = WeightCompressionOptions(mode: plain)
        options.keepsKernelSums = keepsKernelSums
        let narrow = try WeightCompression(options).apply(to: graph).graph
        options.modes["conv"] = summed
        let (upsampled, report) = try WeightCompression(options).apply(to: graph)
        #expect(report.layers.map(\.mode) == [summed])

        func convolutions(_ graph: Graph) throws -> Int {
            try graph.subPixelUpsampling().nodes.count { $0.type == "Convolution" }
        }
        // Codes that fill their range add up to more.
        #expect(try convolutions(narrow) == 1 && convolutions(upsampled) == 4)
        let x = try Tensor(numbers(168, seed: 5), shape: [1, 7, 4, 6])
        expectClose(try run(upsampled.subPixelUpsampling(), [x]), try run(upsampled, [x]), tolerance: 1e-5)
        expectClose(try run(upsampled, [x]), try run(graph, [x]), tolerance: 0.03)
    }
}
