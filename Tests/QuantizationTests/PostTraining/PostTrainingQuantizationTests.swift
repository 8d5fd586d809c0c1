import Foundation
import ModelGraph
import OpenVINO
import Quantization
import TensorStore
import TestSupport
import Testing

@Suite struct PostTrainingQuantizationTests {
    /// Four layers, each followed by an activation.
    private func network() throws -> Graph {
        var graph = Graph()
        var x = graph.parameter("sample", .f32, [1, 8, 6, 6])
        for layer in 0..<4 {
            let weights = (0..<576).map { (place: Int) -> Float in sin(Float(place * (layer + 3))) / 6 }
            let kernel = graph.constant(weights, shape: [8, 8, 3, 3], name: "layer\(layer).weight")
            let product = try graph.convolution(x, kernel, padding: [1, 1], paddingEnd: [1, 1], name: "layer\(layer)")
            let bias = graph.constant(
                (0..<8).map { (place: Int) -> Float in cos(Float(place + layer)) / 8 }, shape: [1, 8, 1, 1],
                name: "layer\(layer).bias")
            x = try graph.unary(.swish, graph.add(product, bias, name: "layer\(layer)/Add"), name: "layer\(layer)/Swish")
        }
        graph.result(x, name: "out_sample")
        return graph
    }

    private func input(_ seed: Int) throws -> Tensor {
        try Tensor((0..<288).map { (place: Int) -> Float in sin(Float(place * 7 + seed * 13)) * 2 }, shape: [1, 8, 6, 6])
    }

    private func run(_ graph: Graph, _ input: Tensor) async throws -> [String: Tensor] {
        let core = try Core.shared
        let serialized = try graph.serialized()
        let model = try core.compile(
            core.readModel(xml: serialized.xml, weights: serialized.weightsTensor()), properties: .exact)
        let request = try model.makeRequest()
        try request.setInput(0, to: input)
        try await request.infer()
        var outputs: [String: Tensor] = [:]
        for port in model.outputs { if let name = port.name { outputs[name] = try request.outputTensor(port.index) } }
        return outputs
    }

    private func calibrated(_ change: (inout PostTrainingQuantization.Options) -> Void = { _ in }) async throws
        -> CalibratedNetwork
    {
        var options = PostTrainingQuantization.Options(.unet)
        if int8Saturates { options.weights = .int8HalfRange }
        change(&options)
        return try await PostTrainingQuantization(network(), options).calibrated { graph, record in
            for seed in 0..<3 { try record(try await run(graph, input(seed))) }
        }
    }

    /// √(Σ(x − r)² / Σr²) of the outputs on an input that was not calibrated on.
    private func error(_ graph: Graph) async throws -> Double {
        let input = try input(9)
        let reference: [Float] = try await run(network(), input)["out_sample"]!.elements()
        let found: [Float] = try await run(graph, input)["out_sample"]!.elements()
        let difference = zip(found, reference).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        return (difference / reference.reduce(0.0) { $0 + Double($1 * $1) }).squareRoot()
    }

    @Test(arguments: [
        RangeEstimator.minMax, .meanMinMax, .quantile(1e-3), .minimumMSE,
    ]) func quantizedNetworksAreClose(_ estimator: RangeEstimator) async throws {
        let (graph, report) = try await calibrated { $0.estimator = estimator }.quantized()
        #expect(graph.nodes.count { $0.type == "FakeQuantize" } == 2)
        #expect(report.count(.int8) == 2 && report.count(.float) == 2)
        let error = try await error(graph)
        #expect(error > 0 && error < 0.02)
        let layer = try #require(report.layers.first { $0.operation == "layer1" })
        #expect(layer.low! < 0 && layer.high! > 0 && layer.weightError! > 0 && layer.weightError! < 0.01)
    }

    @Test func presetsAndCorrections() async throws {
        let symmetric = try await calibrated { $0.preset = .performance }.quantized().report
        let layer = try #require(symmetric.layers.first { $0.operation == "layer1" })
        #expect(abs(layer.low! / layer.high! + 256.0 / 254) < 1e-5)
        let corrected = try await calibrated { $0.biasCorrection = true }.quantized()
        #expect(corrected.report.layers.contains { $0.hasCorrectedBias == true })
        #expect(try await error(corrected.graph) < 0.02)
    }

    /// The layer that hurts most goes back, and its roundings with it.
    @Test func accuracyControl() async throws {
        let network = try await calibrated()
        #expect(network.groups == [["layer1"], ["layer2"]])
        var asked: [[String]] = []
        let control = try await AccuracyControl(.keepWorst(1)).plan(
            network, known: [.init(operations: ["layer2"], error: 1e-9)], evaluate: { try await error($0) }
        ) { sensitivity, _, count in
            asked.append(sensitivity.operations)
            #expect(count == 2)
        }
        // What was known is not measured again.
        #expect(asked == [["layer1"]])
        #expect(control.sensitivities.map(\.operations) == [["layer1"], ["layer2"]])
        #expect(control.plan.operations(.int8) == ["layer2"])
        #expect(control.plan.layers.first { $0.operation == "layer1" }?.reason == .sensitive)
        let (graph, _) = try network.quantized(control.plan)
        #expect(graph.nodes.count { $0.type == "FakeQuantize" } == 1)
        #expect(try await error(graph) < error(network.quantized().graph))
    }

    @Test(arguments: [(1.0, 0), (1e-9, 2)]) func fewestLayersForAnError(_ limit: Double, _ kept: Int) async throws {
        let plan = try await AccuracyControl(.maxError(limit)).plan(calibrated(), evaluate: { try await error($0) }).plan
        #expect(plan.layers.count { $0.reason == .sensitive } == kept)
    }

    @Test func refusals() async throws {
        let quantization = try PostTrainingQuantization(network(), .init(.unet))
        await #expect(throws: CalibrationError.noRuns) { _ = try await quantization.calibrated { _, _ in } }
        let quantized = try await calibrated().quantized().graph
        #expect(throws: QuantizationError.self) { try PostTrainingQuantization(quantized, .init(.unet)) }
    }
}
