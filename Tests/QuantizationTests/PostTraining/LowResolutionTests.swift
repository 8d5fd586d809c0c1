import ModelGraph
import Quantization
import TensorStore
import Testing

/// What a decoder's plan keeps in floating point.
@Suite struct LowResolutionTests {
    private enum Enlarging { case depthToSpace, interpolate, none }

    /// Convolutions: `in` and `first` before the first enlargement, `up` that completes it, then `second`, enlarged again by the
    /// next, and `third` to `last`.
    private func network(_ enlarging: Enlarging, channels: Int = 4, third: Int = 8) throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("latent_sample", .f32, [1, 4, .any, .any])
        func convolution(_ x: Value, _ name: String, _ channels: Int = 4) throws -> Value {
            let inputs = x.shape.dimensions?[1].fixedValue ?? 0
            let weights = graph.constant(
                numbers(channels * inputs * 9, seed: 5), shape: [channels, inputs, 3, 3], name: "\(name).weight")
            return try graph.unary(.relu, graph.convolution(x, weights, padding: [1, 1], name: name))
        }
        func enlarged(_ x: Value, _ name: String) throws -> Value {
            switch enlarging {
            case .depthToSpace: try graph.depthToSpace(convolution(x, name, 16), blockSize: 2)
            case .interpolate: try convolution(graph.upsampleNearest(x, by: 2), name)
            case .none: try convolution(x, name)
            }
        }
        let first = try enlarged(convolution(convolution(x, "in"), "first"), "up")
        let second = try enlarged(convolution(first, "second", channels), "up2")
        let wide = try convolution(convolution(second, "third", third), "fourth", third)
        graph.result(try convolution(wide, "last", 3), name: "sample")
        return graph
    }

    @Test(arguments: [true, false]) func layersBeforeTheFirstEnlargementAreKept(interpolates: Bool) throws {
        let graph = try network(interpolates ? .interpolate : .depthToSpace, channels: 64)
        let plan = try QuantizationPlan(graph, .vaeDecoder)
        #expect(plan.operations(.int8) == ["second", "up2", "third", "fourth"])
        #expect(plan.layers.map(\.reason) == [.first, .lowResolution, .lowResolution, nil, nil, nil, nil, .last])
        var rules = QuantizationPlan.Rules.vaeDecoder
        rules.keepsLowResolution = false
        #expect(try QuantizationPlan(graph, rules).operations(.int8) == ["first", "up", "second", "up2", "third", "fourth"])
    }

    @Test func theNextLayersAreKeptWhereTheyTakeLittle() throws {
        let plan = try QuantizationPlan(network(.depthToSpace, third: 16), .vaeDecoder)
        #expect(plan.operations(.int8) == ["third", "fourth"])
    }

    @Test func aNetworkThatEnlargesNothingIsQuantized() throws {
        let plan = try QuantizationPlan(network(.none), .vaeDecoder)
        #expect(plan.operations(.int8) == ["first", "up", "second", "up2", "third", "fourth"])
    }
}
