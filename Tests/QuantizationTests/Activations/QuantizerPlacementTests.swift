import ModelGraph
import Quantization
import TensorStore
import TestSupport
import Testing

@Suite struct QuantizerPlacementTests {
    /// Attention over 6 tokens of 8 channels in 2 heads, as one operation or written out.
    private func attention(whole: Bool) throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 6, 8])
        func heads(_ name: String, seed: UInt64) throws -> Value {
            let w = graph.constant(numbers(64, seed: seed), shape: [8, 8], name: "\(name).weight")
            let product = try graph.matMul(x, w, transposeB: true, name: name)
            return try graph.transpose(graph.reshape(product, to: [0, 0, 2, 4]), [0, 2, 1, 3])
        }
        let (q, k, v) = (try heads("q", seed: 1), try heads("k", seed: 2), try heads("v", seed: 3))
        if whole {
            graph.result(try graph.scaledDotProductAttention(q, k, v, name: "attention"), name: "y")
        } else {
            let scores = try graph.matMul(q, k, transposeB: true, name: "scores")
            let masked = try graph.add(graph.multiply(scores, by: 0.5), 0.1)
            graph.result(try graph.matMul(graph.softmax(masked, axis: -1), v, name: "values"), name: "y")
        }
        return graph
    }

    @Test(arguments: [true, false]) func queriesAndKeysAreRoundedWhereAskedFor(whole: Bool) throws {
        let graph = try attention(whole: whole)
        #expect(QuantizerPlacement(graph).quantizers.map(\.operations) == [["q", "k", "v"]])
        let placement = try QuantizerPlacement(graph, ignored: IgnoredScope(), scores: true)
        let name = whole ? "attention" : "scores"
        #expect(
            placement.quantizers.dropFirst().map(\.targets) == [
                [.init(operation: name, port: 0)], [.init(operation: name, port: 1)],
            ])
        // Up at the products that make them.
        #expect(placement.quantizers.map { graph.nodes[$0.value.node].name } == ["x", "q", "k"])
        #expect(placement.quantizers.map(\.isSymmetric) == [false, true, true])
        #expect(try QuantizerPlacement(graph, ignored: IgnoredScope(names: [name]), scores: true).quantizers.count == 1)
        var statistics = ActivationStatistics(placement)
        try statistics.record(Tensor([-1, -2, -3, 7, 8, 9] as [Float], shape: [6]))
        let ranges = try statistics.ranges(.mixed, .minMax)
        #expect(
            ranges == [
                .asymmetric(minimum: -1, maximum: 7), .symmetric(minimum: -2, maximum: 8), .symmetric(minimum: -3, maximum: 9),
            ])
        #expect(try graph.quantizingActivations(placement, ranges).nodes.count { $0.type == "FakeQuantize" } == 3)
    }

    @Test func scopesNameOperationsAndWeights() throws {
        let graph = try attention(whole: true)
        for scope in [IgnoredScope(names: ["k"]), IgnoredScope(names: ["k.weight"]), IgnoredScope(patterns: ["k$"])] {
            #expect(try QuantizerPlacement(graph, ignored: scope).quantizers.map(\.operations) == [["q", "v"]])
        }
        #expect(try QuantizerPlacement(graph, ignored: IgnoredScope(types: ["MatMul"])).quantizers.isEmpty)
        #expect(throws: QuantizationError.self) { try QuantizerPlacement(graph, ignored: IgnoredScope(names: ["nothing"])) }
    }

    @Test func graphsInIntegersAreRefused() throws {
        let graph = try attention(whole: true)
        #expect(throws: Never.self) { try graph.checkFloatingPoint() }
        let placement = QuantizerPlacement(graph)
        let rounded = try graph.quantizingActivations(placement, [.symmetric(minimum: -1, maximum: 1)])
        #expect(throws: QuantizationError.alreadyQuantized(operation: "x/fq_output_0")) { try rounded.checkFloatingPoint() }
        let compressed = try WeightCompression(.init(mode: .int8Narrow)).apply(to: graph).graph
        #expect(throws: QuantizationError.alreadyQuantized(operation: "q")) {
            try QuantizerPlacement(compressed, ignored: IgnoredScope())
        }
    }

    /// A convolution that sums over no channels has a range for each.
    @Test func depthwiseConvolutionsHaveARangeForEachChannel() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 4, 6, 6])
        let w = graph.constant(numbers(36), shape: [4, 1, 1, 3, 3], name: "w")
        var node = Node(name: "depthwise", type: "GroupConvolution", opset: "opset1", inputs: [x, w])
        node.attributes = [
            .init("strides", "1, 1"), .init("dilations", "1, 1"), .init("pads_begin", "1, 1"), .init("pads_end", "1, 1"),
            .init("auto_pad", "explicit"),
        ]
        node.outputs = [.init(elementType: .f32, shape: [1, 4, 6, 6])]
        let index = graph.append(node)
        graph.result(graph.value(index), name: "y")

        let placement = QuantizerPlacement(graph)
        #expect(placement.quantizers.map(\.channels) == [4])
        // Each channel ten times as wide as the last.
        let values = numbers(144, seed: 4).enumerated().map { $1 * [0.01, 0.1, 1, 10][$0 / 36] as Float }
        let input = try Tensor(values, shape: [1, 4, 6, 6])
        var statistics = ActivationStatistics(placement)
        try statistics.record(
            #require(
                try ActivationQuantizationTests.run(ActivationStatistics.instrumented(graph, placement), input)[
                    ActivationStatistics.output]))
        #expect(statistics.extremes[0].maximum == values.max() && statistics.extremes[0].minimum == values.min())
        #expect(statistics.channels[0].map(\.maximum) == (0..<4).map { values[$0 * 36..<($0 + 1) * 36].max() })

        let ranges = try statistics.ranges(.mixed, .meanMinMax)
        #expect(ranges[0].lows.count == 4)
        let exact = try #require(ActivationQuantizationTests.run(graph, input)["y"]).elements(as: Float.self)
        func firstChannelError(_ ranges: [ActivationRange]) throws -> Float {
            let rounded = try graph.quantizingActivations(placement, ranges)
            let found = try #require(ActivationQuantizationTests.run(rounded, input)["y"]).elements(as: Float.self)
            return zip(found, exact).prefix(36).reduce(0) { max($0, abs($1.0 - $1.1)) } / (exact.prefix(36).max() ?? 1)
        }
        #expect(try firstChannelError(ranges) < 0.02)
        // With one range for all, the narrowest channel vanishes.
        #expect(try firstChannelError([.asymmetric(minimum: -10, maximum: 10)]) > 0.5)
    }
}
