import Foundation
import ModelGraph
import OpenVINO
import Quantization
import TensorStore
import TestSupport
import Testing

@Suite struct ActivationQuantizationTests {
    /// A convolution, a product over pixels, and a second product that reads the same value.
    static func network() throws -> Graph {
        var graph = Graph(name: "small")
        let x = graph.parameter("x", .f32, [1, 8, 6, 6])
        func weights(_ count: Int, _ seed: Int) -> [Float] { (0..<count).map { sinf(Float($0 * 7 + seed)) * 0.2 } }
        let kernel = graph.constant(weights(16 * 8 * 9, 1), shape: [16, 8, 3, 3], name: "conv.weight")
        let first = try graph.unary(.relu, graph.convolution(x, kernel, padding: [1, 1], name: "conv"))
        let tokens = try graph.reshape(graph.transpose(first, [0, 2, 3, 1]), to: [1, 36, 16])
        let left = graph.constant(weights(16 * 16, 2), shape: [16, 16], name: "left.weight")
        let right = graph.constant(weights(16 * 16, 3), shape: [16, 16], name: "right.weight")
        let a = try graph.matMul(tokens, left, transposeB: true, name: "left")
        let b = try graph.matMul(tokens, right, transposeB: true, name: "right")
        // A product of two activations stays in floating point.
        graph.result(try graph.matMul(a, b, transposeB: true, name: "scores"), name: "y")
        return graph
    }

    static func run(_ graph: Graph, _ input: Tensor) throws -> [String: Tensor] {
        let serialized = try graph.serialized()
        let model = try Core.shared.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
        let compiled = try Core.shared.compile(model, properties: .exact)
        let request = try compiled.makeRequest()
        try request.setInput("x", to: input)
        try request.infer()
        var values: [String: Tensor] = [:]
        for port in compiled.outputs { if let name = port.name { values[name] = try request.outputTensor(port.index) } }
        return values
    }

    static var input: Tensor {
        get throws { try Tensor((0..<288).map { cosf(Float($0) * 1.3) * 3 + 0.5 }, shape: [1, 8, 6, 6]) }
    }

    @Test func oneQuantizerServesAllReadersAndMovesUp() throws {
        let graph = try Self.network()
        let placement = QuantizerPlacement(graph)
        #expect(placement.quantizers.map(\.operations) == [["conv"], ["left", "right"]])
        // Before the transposition, where the ReLU computes it.
        #expect(graph.nodes[placement.quantizers[1].value.node].type == "ReLU")
        #expect(QuantizerPlacement(graph) { $0 == "conv" }.quantizers.map(\.operations) == [["left", "right"]])
    }

    @Test func statisticsAreThoseOfTheActivations() throws {
        let graph = try Self.network()
        let placement = QuantizerPlacement(graph)
        var statistics = ActivationStatistics(placement)
        let instrumented = try ActivationStatistics.instrumented(graph, placement)
        let input = try Self.input
        let values = try input.elements(as: Float.self)
        let outputs = try Self.run(instrumented, input)
        try statistics.record(try #require(outputs[ActivationStatistics.output]))
        let half = try Tensor(values.map { $0 / 2 }, shape: input.shape)
        try statistics.record(try #require(Self.run(instrumented, half)[ActivationStatistics.output]))
        #expect(statistics.runs == 2)
        #expect(statistics.extremes[0].minimum == values.min())
        #expect(statistics.extremes[0].maximum == values.max())
        let mean = try #require(values.max()) * 0.75
        #expect(abs(statistics.extremes[0].meanMaximum - Double(mean)) < 1e-6)
        // What the network computes besides is the same.
        try expectClose(try #require(outputs["y"]), try #require(Self.run(graph, input)["y"]), tolerance: 1e-6)
    }

    @Test func statisticsOfAnotherGraphAreRefused() throws {
        var statistics = ActivationStatistics(QuantizerPlacement(try Self.network()))
        #expect(throws: CalibrationError.self) { try statistics.record(try Tensor([1, 2, 3] as [Float], shape: [3])) }
        #expect(throws: CalibrationError.self) { try statistics.record(try Tensor([0, 0, 1, .nan] as [Float], shape: [4])) }
        #expect(statistics.runs == 0)
    }

    /// Rounded, the network computes nearly the same, and the activations take the values that FakeQuantize gives them.
    @Test func roundedNetworkComputesNearlyTheSame() throws {
        let graph = try Self.network()
        let placement = QuantizerPlacement(graph)
        var statistics = ActivationStatistics(placement)
        let input = try Self.input
        try statistics.record(
            try #require(Self.run(ActivationStatistics.instrumented(graph, placement), input)[ActivationStatistics.output]))
        let ranges = statistics.extremes.map { ActivationRange.asymmetric(minimum: $0.minimum, maximum: $0.maximum) }
        let rounded = try graph.quantizingActivations(placement, ranges)
        #expect(rounded.nodes.filter { $0.type == "FakeQuantize" }.count == 2)
        #expect(rounded.parameters.map(\.name) == graph.parameters.map(\.name))
        let exact = try #require(Self.run(graph, input)["y"])
        let found = try #require(Self.run(rounded, input)["y"])
        try expectClose(found, exact, tolerance: 0.03)
        #expect(try found.elements(as: Float.self) != exact.elements(as: Float.self))
    }
}
