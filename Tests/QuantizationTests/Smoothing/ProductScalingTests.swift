import ModelGraph
@testable import Quantization
import TensorStore
import Testing

@Suite struct ProductScalingTests {
    /// A feed-forward network, one of whose hidden channels is far wider than the others.
    private func network() throws -> Graph {
        var graph = Graph(name: "feed-forward")
        let x = graph.parameter("x", .f32, [1, 12, 8])
        func weights(_ name: String, _ shape: Shape, seed: UInt64, factors: [Int: Float], columns: Int) -> Value {
            let values = numbers(shape.reduce(1, *), seed: seed)
            return graph.constant(
                values.indices.map { values[$0] * (factors[$0 % columns] ?? 1) }, shape: shape, name: name)
        }
        let wide = try graph.matMul(x, weights("fc1.weight", [8, 16], seed: 1, factors: [3: 80], columns: 16), name: "fc1")
        let hidden = try graph.unary(.relu, wide)
        // Stored as [outputs, inputs], as checkpoints have them.
        let last = weights("fc2.weight", [4, 16], seed: 2, factors: [3: 0.02], columns: 16)
        graph.result(try graph.matMul(hidden, last, transposeB: true, name: "fc2"), name: "y")
        return graph
    }

    private let inputs = (0..<3).map { numbers(12 * 8, seed: UInt64(10 + $0)) }

    private func quantized(_ scaling: ChannelScaling?) async throws -> Graph {
        var options = PostTrainingQuantization.Options(.init(runInputs: ["x"]))
        options.rules.keepsEnds = false
        options.channelScaling = scaling
        // Sums of products with 8-bit weights overflow on processors without VNNI.
        options.weights = .int8HalfRange
        return try await PostTrainingQuantization(network(), options).calibrated { graph, record in
            for input in inputs { try record(outputs(graph, ["x": Tensor(input, shape: [1, 12, 8])])) }
        }.quantized().graph
    }

    private func error(_ graph: Graph) throws -> Float {
        let x = try Tensor(inputs[0], shape: [1, 12, 8])
        let exact = try #require(outputs(network(), ["x": x])["y"]).elements(as: Float.self)
        let found = try #require(outputs(graph, ["x": x])["y"]).elements(as: Float.self)
        return zip(exact, found).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }

    @Test func channelsBehindAnActivationHaveRangesOfTheirOwn() async throws {
        let (plain, scaled) = try await (
            quantized(ChannelScaling(alpha: 0.5)), quantized(ChannelScaling(alpha: 0.5, products: true))
        )
        #expect(try error(scaled) < error(plain) / 4)
        let shapes = scaled.nodes.filter { $0.type == "FakeQuantize" }.map { $0.inputs.map(\.shape) }
        // The input's range is one: only what the product before it rounds has channels.
        #expect(shapes == [[[1, 12, 8], [], [], [], []], [[1, 12, 16], [1, 1, 16], [1, 1, 16], [], []]])
    }
}
