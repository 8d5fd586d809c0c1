import Inference
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore
import Testing

@testable import Diffusion

/// The note on INT8 weights of 8 bits, which overflow without VNNI.
@Suite struct SaturationNoteTests {
    private let old = Processor(cpuInfo: "flags : avx2\n")
    private let new = Processor(cpuInfo: "flags : avx2 avx512_vnni\n")

    /// The small model with a UNet of one INT8 weight.
    private func model(code: Int8, roundsActivations: Bool = true) throws -> LatentDiffusionModel {
        var model = try LatentDiffusionModel(ModelSource(Small.folder))
        var graph = Graph()
        var x = graph.parameter("sample", .f32, [1, 1])
        if roundsActivations { x = try graph.fakeQuantize(x, low: graph.scalar(-1), high: graph.scalar(1), levels: 256) }
        let weight = graph.constant(.bytes([UInt8(bitPattern: code)]), .i8, [1, 1])
        graph.result(try graph.matMul(x, graph.convert(weight, to: .f32)), name: "out_sample")
        model.unet.origin = .graph(graph)
        return model
    }

    private func count(_ model: LatentDiffusionModel, _ processor: Processor, _ device: Device = .cpu) -> Int {
        model.notes(for: CompileOptions(device: device), on: processor).count { $0.contains("overflow") }
    }

    @Test func onlyWhereSumsOverflow() throws {
        let full = try model(code: -100)
        #expect(count(full, old) == 1)
        #expect(count(full, new) == 0)
        #expect(count(full, old, "GPU") == 0)
        #expect(try count(model(code: 64), old) == 0)
        #expect(try count(model(code: 100, roundsActivations: false), old) == 0)
        #expect(try count(LatentDiffusionModel(ModelSource(Small.folder)), old) == 0)
    }
}
