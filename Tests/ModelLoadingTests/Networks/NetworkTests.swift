import Architectures
import Foundation
import Inference
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore
import TestSupport
import Testing

@Suite struct NetworkTests {
    private let folder = try? ModelSource(Goldens.url("Diffusion/pipeline/autoencoder-kl/model"))

    /// A UNet's network, over its checkpoint and over the IR that is exported of it.
    private func unets() throws -> (checkpoint: Network<UNet2DConditionModel>, ir: Network<UNet2DConditionModel>) {
        let component = try #require(folder).component("unet")
        let network = try component.network(from: Registry.unets)
        let place = try TemporaryFolder()
        let path = place.path + "/openvino_model.xml"
        try network.exportedGraph().writeIR(xml: path)
        return (network, Network(network.architecture, .graph(try IRReader.read(path: path))))
    }

    @Test func irComputesWhatItsCheckpointDoes() async throws {
        let (checkpoint, ir) = try unets()
        let config = checkpoint.architecture.config
        var results: [Tensor] = []
        for network in [checkpoint, ir] {
            let sized = try network.graph(batch: 2, height: 16, width: 8, tokens: 77)
            let executable = try Executable("test", sized)
            func ramp(_ shape: Shape) throws -> Tensor {
                try Tensor(
                    (0..<(shape.checkedElementCount ?? 0)).map { (place: Int) -> Float in sin(Float(place)) }, shape: shape)
            }
            for name in executable.inputNames {
                switch name {
                case "sample": try executable.set([name: ramp([2, config.inChannels, 16, 8])])
                case "encoder_hidden_states": try executable.set([name: ramp([2, 77, config.contextChannels])])
                case "timestep_cond": try executable.set([name: ramp([2, config.timeCondProjDim ?? 0])])
                default:
                    let isInteger = sized.graph.parameter(named: "timestep")?.outputs[0].elementType == .i64
                    let time = isInteger ? try Tensor([Int64(499)], shape: [1]) : try Tensor([Float(499)], shape: [1])
                    try executable.set([name: time])
                }
            }
            results.append(try await executable.run().required("out_sample", of: executable.name))
        }
        try expectClose(results[1], results[0], tolerance: 1e-5)
    }

    @Test func exportedShapesAreOptimumsOwn() throws {
        let graph = try unets().checkpoint.exportedGraph()
        let shapes = Dictionary(
            uniqueKeysWithValues: graph.nodes.filter { $0.type == "Parameter" }.map { ($0.name, $0.outputs[0]) })
        #expect(shapes["sample"]?.shape == [.any, 4, .any, .any])
        #expect(shapes["timestep"]?.shape == [.any] && shapes["timestep"]?.elementType == .i64)
        #expect(shapes["encoder_hidden_states"]?.shape.dimensions?[1] == .any)
        #expect(graph.hasResult(named: "out_sample"))
    }

    /// SDXL's further inputs get the batch too, and what is computed is the reference's.
    @Test func irOfSDXL() async throws {
        let folder = Goldens.url("Architectures/unet/sdxl")
        let component = Component(name: "unet", library: "diffusers", className: "UNet2DConditionModel", folder: folder)
        let golden = try SafetensorsCheckpoint(path: folder.appending(path: "golden.safetensors").path)
        let network = try component.network(from: Registry.unets)
        let (sample, text) = (try golden.tensor(named: "sample"), try golden.tensor(named: "encoder_hidden_states"))
        let place = try TemporaryFolder()
        let path = place.path + "/openvino_model.xml"
        try network.exportedGraph().writeIR(xml: path)
        let ir = Network(network.architecture, .graph(try IRReader.read(path: path)))
        let sized = try ir.graph(batch: sample.shape[0], height: sample.shape[2], width: sample.shape[3], tokens: text.shape[1])
        #expect(sized.shapes["text_embeds"]?.dimensions?[0] == .fixed(sample.shape[0]))
        #expect(sized.shapes["time_ids"] == [.fixed(sample.shape[0]), 6])
        let request = try Executable("test", sized).model.makeRequest()
        for name in ["sample", "encoder_hidden_states", "text_embeds", "time_ids"] {
            try request.setInput(name, to: golden.tensor(named: name))
        }
        let time = try golden.tensor(named: "timestep").elements(as: Int64.self)
        try request.setInput("timestep", to: Tensor([time[0]], shape: [1]))
        try await request.infer()
        try expectClose(request.outputTensor("out_sample"), golden.tensor(named: "out_sample"), tolerance: 1e-4)
    }

    /// A graph that is no UNet is refused by the input's name.
    @Test func refusesWhatDoesNotFit() throws {
        let ir = try unets().ir
        var graph = Graph(name: "another")
        let x = graph.parameter("x", .f32, [1])
        graph.result(x, name: "y")
        #expect {
            try Network(ir.architecture, .graph(graph)).graph(batch: 1, height: 8, width: 8, tokens: 77)
        } throws: {
            "\($0)".contains("it has no input 'sample'")
        }
    }

    @Test func weightsCountAsTheyAreCompiled() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [2])
        let half = graph.constant(.bytes([0, 0, 0, 0]), .f16, [2], name: "half")
        graph.result(try graph.add(x, graph.convert(half, to: .f32)), name: "y")
        let network = Network(try unets().ir.architecture, .graph(graph))
        #expect(network.compiledBytes == 8)
    }
}
