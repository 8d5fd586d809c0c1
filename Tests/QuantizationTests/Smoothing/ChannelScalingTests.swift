import ModelGraph
@testable import Quantization
import TensorStore
import Testing

@Suite struct ChannelScalingTests {
    /// Two convolutions that read one value, whose channels differ a hundredfold, as do their weights the other way; and a product.
    private func network() throws -> Graph {
        var graph = Graph(name: "channels")
        let x = graph.parameter("x", .f32, [1, 8, 12, 12])
        func kernel(_ name: String, _ shape: Shape, seed: UInt64) -> Value {
            let (values, places) = (numbers(shape.reduce(1, *), seed: seed), shape.dimensions.dropFirst(2).reduce(1, *))
            let even = values.indices.map { values[$0] * (shape.rank == 4 && $0 / places % 8 == 3 ? 0.01 : 1) }
            return graph.constant(even, shape: shape, name: name)
        }
        let spread = graph.constant((0..<8).map { Float($0 == 3 ? 10 : 0.1) }, shape: [1, 8, 1, 1])
        let wide = try graph.unary(.relu, graph.multiply(x, spread))
        let a = try graph.convolution(wide, kernel("a.weight", [6, 8, 3, 3], seed: 1), padding: [1, 1], name: "a")
        let b = try graph.convolution(wide, kernel("b.weight", [6, 8, 1, 1], seed: 2), name: "b")
        let sum = try graph.add(a, b)
        graph.result(try graph.matMul(sum, kernel("c.weight", [12, 4], seed: 3), name: "c"), name: "y")
        return graph
    }

    private let inputs = (0..<3).map { numbers(8 * 144, seed: UInt64(10 + $0)) }

    private func quantized(_ scaling: ChannelScaling?) async throws -> (Graph, QuantizationReport) {
        var rules = QuantizationPlan.Rules(runInputs: ["x"])
        rules.keepsEnds = false
        rules.ignored = IgnoredScope(names: ["c"])
        var options = PostTrainingQuantization.Options(rules)
        options.estimator = .minMax
        options.channelScaling = scaling
        let calibrated = try await PostTrainingQuantization(network(), options).calibrated { graph, record in
            for input in inputs { try record(outputs(graph, ["x": Tensor(input, shape: [1, 8, 12, 12])])) }
        }
        return try calibrated.quantized()
    }

    private func error(_ graph: Graph) throws -> Float {
        let x = try Tensor(inputs[0], shape: [1, 8, 12, 12])
        let exact = try #require(outputs(network(), ["x": x])["y"]).elements(as: Float.self)
        let found = try #require(outputs(graph, ["x": x])["y"]).elements(as: Float.self)
        return zip(exact, found).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }

    @Test func rangesOfTheirOwnLessenTheError() async throws {
        let (plain, scaled) = try await (quantized(nil).0, quantized(ChannelScaling()).0)
        #expect(try error(scaled) < error(plain) / 4)
        // No operation is added.
        func operations(_ graph: Graph) -> [String] { graph.nodes.map(\.type).filter { $0 != "Const" } }
        #expect(operations(scaled) == operations(plain))
        let rounding = try #require(scaled.nodes.first { $0.type == "FakeQuantize" })
        #expect(rounding.inputs.map(\.shape) == [[1, 8, 12, 12], [1, 8, 1, 1], [1, 8, 1, 1], [], []])
    }

    /// What one operation reads unrounded must not be multiplied.
    @Test func anOperationBackInFloatingPointKeepsItsWeights() async throws {
        var options = PostTrainingQuantization.Options(QuantizationPlan.Rules(runInputs: ["x"]))
        options.rules.keepsEnds = false
        options.channelScaling = ChannelScaling()
        let calibrated = try await PostTrainingQuantization(network(), options).calibrated { graph, record in
            for input in inputs { try record(outputs(graph, ["x": Tensor(input, shape: [1, 8, 12, 12])])) }
        }
        var plan = calibrated.plan
        let all = try error(calibrated.quantized().graph)
        plan = plan.keeping([["b"]], because: .sensitive)
        #expect(try error(calibrated.quantized(plan).graph) < all)
        plan = plan.keeping([["a", "c"]], because: .sensitive)
        #expect(try error(calibrated.quantized(plan).graph) == 0)
    }

    @Test func factorsAreRelativeToTheLargest() async throws {
        let graph = try network()
        let placement = QuantizerPlacement(graph)
        var statistics = ChannelStatistics(graph, [.extremes])
        let found = try outputs(statistics.instrumented(graph), ["x": Tensor(inputs[0], shape: [1, 8, 12, 12])])
        try statistics.record(#require(found[ChannelStatistics.output]))
        let result = try ChannelScaling(alpha: 1).factors(graph, placement, statistics)
        #expect(result.factors.keys.sorted() == ["a", "b"])
        let factors = try #require(result.factors["a"])
        #expect(result.factors["b"] == factors && factors[3] == 1)
        // alpha 1: as the activations' magnitudes.
        let magnitudes = try #require(statistics["a"]).magnitudes
        for channel in 0..<8 { #expect(abs(factors[channel] - magnitudes[channel] / magnitudes[3]) < 1e-6) }
        #expect(throws: CalibrationError.noRuns) {
            try ChannelScaling().factors(graph, placement, ChannelStatistics(graph, [.extremes]))
        }
        #expect(result.weights(["b"]) == ["b.weight": WeightFactors(input: factors)])
    }
}
