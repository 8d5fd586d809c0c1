import ModelGraph
import Quantization
import TensorStore
import Testing

@Suite struct QuantizationPlanTests {
    /// A network like a UNet: a first convolution, one that adds a time, one over a skip connection past it, a last.
    private func network() throws -> Graph {
        var graph = Graph()
        let sample = graph.parameter("sample", .f32, [1, 4, 8, 8])
        let time = graph.parameter("timestep", .f32, [1, 4])
        let prompt = graph.parameter("encoder_hidden_states", .f32, [1, 3, 4])
        func weights(_ name: String, _ shape: Shape) -> Value {
            graph.constant([Float](repeating: 0.5, count: shape.checkedElementCount ?? 0), shape: shape, name: "\(name).weight")
        }
        func convolution(_ x: Value, _ name: String, _ inputs: Int, _ outputs: Int, kernel: Int = 3) throws -> Value {
            let padding = (kernel - 1) / 2
            return try graph.convolution(
                x, weights(name, [outputs, inputs, kernel, kernel]), padding: [padding, padding], paddingEnd: [padding, padding],
                name: name)
        }
        let embedding = try graph.matMul(time, weights("time", [4, 4]), transposeB: true, name: "time")
        let keys = try graph.matMul(prompt, weights("keys", [4, 4]), transposeB: true, name: "keys")
        let first = try convolution(sample, "first", 4, 4)
        let timed = try graph.add(
            try convolution(first, "inner", 4, 4), graph.reshape(embedding, to: [1, 4, 1, 1]), name: "timed")
        let asked = try graph.matMul(
            graph.reshape(timed, to: [1, 64, 4]), weights("queries", [4, 4]), transposeB: true, name: "queries")
        let scores = try graph.matMul(asked, keys, transposeB: true, name: "scores")
        let joined = try graph.concatenate([timed, first], axis: 1, name: "joined")
        let shortcut = try convolution(joined, "shortcut", 8, 4, kernel: 1)
        let scored = try graph.reshape(graph.reduce(.mean, scores, axes: [1, 2]), to: [1, 1, 1, 1])
        let last = try convolution(graph.add(shortcut, scored), "last", 4, 4)
        graph.result(last, name: "out_sample")
        return graph
    }

    private func reasons(_ rules: QuantizationPlan.Rules) throws -> [String: QuantizationPlan.Reason] {
        let plan = try QuantizationPlan(network(), rules)
        return Dictionary(uniqueKeysWithValues: plan.layers.compactMap { layer in layer.reason.map { (layer.operation, $0) } })
    }

    @Test func unetRules() throws {
        let plan = try QuantizationPlan(network(), .unet)
        #expect(plan.operations(.int8) == ["inner", "queries"])
        #expect(plan.operations(.weights) == ["keys"])
        #expect(
            try reasons(.unet) == [
                "first": .first, "last": .last, "shortcut": .lastShortcut, "time": .timeEmbedding, "keys": .runsOnce,
            ])
    }

    @Test func rulesCanBeOverridden() throws {
        var rules = QuantizationPlan.Rules.unet
        rules.keepsEnds = false
        rules.keepsTimeEmbedding = false
        #expect(try reasons(rules) == ["time": .runsOnce, "keys": .runsOnce])
        rules = .unet
        rules.ignored = IgnoredScope(names: ["inner"], patterns: ["quer"])
        #expect(try QuantizationPlan(network(), rules).operations(.int8) == [])
        // The constant's name does as well.
        rules.ignored = IgnoredScope(names: ["inner.weight"])
        #expect(try QuantizationPlan(network(), rules).operations(.int8) == ["queries"])
    }

    @Test func aRuleThatMatchesNothingIsRefused() throws {
        var rules = QuantizationPlan.Rules.unet
        rules.ignored = IgnoredScope(names: ["iner"])
        #expect(throws: QuantizationError.ignoredScope("iner", near: ["inner"])) { try QuantizationPlan(network(), rules) }
    }
}
