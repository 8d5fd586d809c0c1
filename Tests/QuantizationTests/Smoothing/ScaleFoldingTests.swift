import ModelGraph
import Quantization
import TensorStore
import TestSupport
import Testing

/// Where divisions go, in graphs as diffusion networks have them.
@Suite struct ScaleFoldingTests {
    /// Measures, smooths, and checks that the graph with multiplied weights computes the same.
    private func smoothed(_ graph: Graph, _ shape: Shape) throws -> SmoothQuant.Result {
        let x = try Tensor(numbers(shape.reduce(1, *), seed: 21), shape: shape)
        var statistics = ChannelStatistics(graph, [.extremes])
        try statistics.record(#require(outputs(statistics.instrumented(graph), ["x": x])[ChannelStatistics.output]))
        let result = try SmoothQuant(.global(0.6)).apply(to: graph, statistics)
        var options = WeightCompressionOptions(mode: .int8Narrow)
        options.factors = result.weights
        options.ignored = IgnoredScope(types: ["MatMul"])
        let found = try #require(outputs(WeightCompression(options).apply(to: result.graph).graph, ["x": x])["y"])
        try expectClose(found, #require(outputs(graph, ["x": x])["y"]), tolerance: 1e-5)
        return result
    }

    private func weights(_ graph: inout Graph, _ rows: Int, _ columns: Int, _ name: String, seed: UInt64) -> Value {
        // In half precision, as checkpoints have them.
        let values = numbers(rows * columns, seed: seed).map(HalfPrecision.f16)
        return graph.weights(.bytes(values.withUnsafeBytes(Array.init)), .f16, [rows, columns], name: name)
    }

    private func linear(_ graph: inout Graph, _ x: Value, _ inputs: Int, _ outputs: Int, _ name: String) throws -> Value {
        let seed = UInt64(name.utf8.reduce(0) { $0 * 31 + Int($1) })
        return try graph.matMul(
            x, weights(&graph, outputs, inputs, "\(name).weight", seed: seed), transposeB: true, name: name)
    }

    private func normal(_ graph: inout Graph, _ x: Value, _ width: Int) throws -> Value {
        let (gamma, beta) = (numbers(width, seed: 3), numbers(width, seed: 4))
        let mean = try graph.meanVarianceNormalization(x, axes: [-1], epsilon: 1e-5)
        let scaled = try graph.multiply(mean, graph.constant(gamma, shape: [width], name: "gamma"))
        return try graph.add(scaled, graph.constant(beta, shape: [width], name: "beta"), name: "normal")
    }

    @Test func normalizationAndAttentionOfATransformer() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 6, 8])
        let norm = try normal(&graph, x, 8)
        func heads(_ name: String) throws -> Value {
            let product = try linear(&graph, norm, 8, 8, name)
            return try graph.transpose(graph.reshape(product, to: [0, 0, 2, 4]), [0, 2, 1, 3])
        }
        let (q, k, v) = (try heads("q"), try heads("k"), try heads("v"))
        let attended = try graph.scaledDotProductAttention(q, k, v)
        let merged = try graph.reshape(graph.transpose(attended, [0, 2, 1, 3]), to: [0, 0, 8])
        graph.result(try graph.add(linear(&graph, merged, 8, 8, "out"), x), name: "y")
        let result = try smoothed(graph, [1, 6, 8])
        #expect(result.groups.map(\.operations) == [["q", "k", "v"], ["out"]])
        #expect(result.groups.allSatisfy(\.isFolded) && result.graph.nodes.count { $0.type == "Multiply" } == 1)
        // Values are divided where they are computed.
        #expect(result.weights["v.weight"]?.output == result.groups[1].factors.map { 1 / $0 })
        #expect(result.weights["q.weight"]?.output == nil)

        // Operations whose weights were multiplied are annotated with the folded factors.
        func smoothing(_ operation: String) throws -> ChannelSmoothing? {
            try #require(result.graph.nodes.first { $0.name == operation }).smoothing
        }
        #expect(try smoothing("q") == ChannelSmoothing(inputs: result.groups[0].factors))
        #expect(try smoothing("v")?.outputs == result.weights["v.weight"]?.output)
        #expect(try smoothing("out")?.inputs == result.groups[1].factors)
    }

    @Test func attentionThatIsWrittenOut() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 6, 8])
        func heads(_ name: String) throws -> Value {
            let product = try linear(&graph, x, 8, 8, name)
            return try graph.transpose(graph.reshape(product, to: [0, 0, 2, 4]), [0, 2, 1, 3])
        }
        let scores = try graph.softmax(graph.matMul(heads("q"), heads("k"), transposeB: true), axis: -1)
        let attended = try graph.transpose(graph.matMul(scores, heads("v")), [0, 2, 1, 3])
        graph.result(try linear(&graph, graph.reshape(attended, to: [0, 0, 8]), 8, 8, "out"), name: "y")
        let result = try smoothed(graph, [1, 6, 8])
        // An input can't be divided but by an operation of its own.
        #expect(result.groups.map(\.isFolded) == [false, true])
        #expect(result.graph.nodes.filter { $0.type == "Multiply" }.map(\.name) == ["x_0_0/nncf_smooth_quant"])
    }

    /// GEGLU with both halves in one product, as traced networks have it, and in two.
    @Test(arguments: [true, false]) func gatedUnits(split: Bool) throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 6, 8])
        let norm = try normal(&graph, x, 8)
        let (hidden, gate): (Value, Value)
        if split {
            let bias = graph.constant(numbers(32, seed: 9), shape: [32], name: "bias")
            let both = try graph.add(linear(&graph, norm, 8, 32, "proj"), bias)
            // Shapes may be read.
            let size = graph.shapeOf(both)
            graph.result(size, name: "shape")
            let axis = graph.constant([Int64(-1)], shape: [])
            var node = Node(
                name: "split", type: "VariadicSplit", opset: "opset1", inputs: [both, axis, graph.integers([16, 16])])
            node.outputs = [.init(elementType: .f32, shape: [1, 6, 16]), .init(elementType: .f32, shape: [1, 6, 16])]
            let index = graph.append(node)
            (hidden, gate) = (graph.value(index, port: 0), graph.value(index, port: 1))
        } else {
            (hidden, gate) = (try linear(&graph, norm, 8, 16, "hidden"), try linear(&graph, norm, 8, 16, "gate"))
        }
        let product = try graph.multiply(hidden, graph.unary(.gelu, gate), name: "product")
        graph.result(try linear(&graph, product, 16, 8, "down"), name: "y")
        let result = try smoothed(graph, [1, 6, 8])
        #expect(result.groups.map(\.isFolded) == [true, true])
        let inverse = try #require(result.groups.last).factors.map { 1 / $0 }
        if split {
            #expect(result.weights["proj.weight"]?.output == inverse + [Float](repeating: 1, count: 16))
        } else {
            #expect(result.weights["hidden.weight"]?.output == inverse && result.weights["gate.weight"]?.output == nil)
        }
    }

    @Test func normalizationOfAPicture() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 8, 3, 2])
        let norm = try graph.groupNormalization(
            x, scale: graph.constant(numbers(8, seed: 5), shape: [8]), bias: graph.constant(numbers(8, seed: 6), shape: [8]),
            groups: 2, epsilon: 1e-6)
        let tokens = try graph.reshape(graph.transpose(norm, [0, 2, 3, 1]), to: [0, -1, 8])
        graph.result(try linear(&graph, tokens, 8, 4, "proj"), name: "y")
        #expect(try smoothed(graph, [1, 8, 3, 2]).groups.map(\.isFolded) == [true])
    }

    /// What others read must stay as it is.
    @Test func valuesThatOthersReadAreNotTouched() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 6, 8])
        let norm = try normal(&graph, x, 8)
        let product = try linear(&graph, norm, 8, 8, "only")
        graph.result(try graph.add(product, norm), name: "y")
        let result = try smoothed(graph, [1, 6, 8])
        #expect(result.groups.map(\.isFolded) == [false])
        #expect(result.graph.nodes.contains { $0.name == "normal_0_0/nncf_smooth_quant" })
    }

    @Test func productsThatAreLeftOutKeepTheirInput() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 6, 8])
        let norm = try normal(&graph, x, 8)
        graph.result(try graph.add(linear(&graph, norm, 8, 8, "a"), linear(&graph, norm, 8, 8, "b")), name: "y")
        var statistics = ChannelStatistics(graph, [.extremes])
        let input = try Tensor(numbers(48, seed: 2), shape: [1, 6, 8])
        try statistics.record(#require(outputs(statistics.instrumented(graph), ["x": input])[ChannelStatistics.output]))
        let result = try SmoothQuant(.global(0.5)).apply(to: graph, statistics) { $0 == "a" }
        #expect(result.groups.map(\.operations) == [["a"]] && !result.groups[0].isFolded)
        #expect(Array(result.weights.keys) == ["a.weight"])
        // Each has a rounding of its own then.
        #expect(QuantizerPlacement(result.graph).quantizers.map(\.operations) == [["b"], ["a"]])
    }
}
