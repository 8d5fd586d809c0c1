import ModelGraph
import Quantization
import TensorStore
import Testing

/// What a decoder's plan keeps in floating point.
@Suite struct InputResolutionTests {
    private enum Enlarging: CaseIterable { case depthToSpace, interpolate, none }

    /// Four convolutions: `in` and `first` before the first enlargement, `second` and `last` after it. `up` completes it.
    private func network(_ enlarging: Enlarging) throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("latent_sample", .f32, [1, 4, 8, 8])
        func convolution(_ x: Value, _ name: String, _ channels: Int = 4) throws -> Value {
            let weights = graph.constant(numbers(channels * 36, seed: 5), shape: [channels, 4, 3, 3], name: "\(name).weight")
            return try graph.unary(.relu, graph.convolution(x, weights, padding: [1, 1], name: name))
        }
        var hidden = try convolution(convolution(x, "in"), "first")
        switch enlarging {
        case .depthToSpace: hidden = try graph.depthToSpace(convolution(hidden, "up", 16), blockSize: 2)
        case .interpolate: hidden = try convolution(graph.upsampleNearest(hidden, by: 2), "up")
        case .none: hidden = try convolution(hidden, "up")
        }
        graph.result(try convolution(convolution(hidden, "second"), "last"), name: "sample")
        return graph
    }

    @Test(arguments: [true, false]) func layersBeforeTheFirstEnlargementAreKept(interpolates: Bool) throws {
        let graph = try network(interpolates ? .interpolate : .depthToSpace)
        let plan = try QuantizationPlan(graph, .vaeDecoder)
        #expect(plan.operations(.int8) == ["second"])
        #expect(plan.layers.map(\.reason) == [.first, .inputResolution, .inputResolution, nil, .last])
        var rules = QuantizationPlan.Rules.vaeDecoder
        rules.keepsInputResolution = false
        #expect(try QuantizationPlan(graph, rules).operations(.int8) == ["first", "up", "second"])
    }

    @Test func aNetworkThatEnlargesNothingIsQuantized() throws {
        #expect(try QuantizationPlan(network(.none), .vaeDecoder).operations(.int8) == ["first", "up", "second"])
    }
}
