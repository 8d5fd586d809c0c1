import Architectures
import Foundation
import Inference
import ModelGraph
import OpenVINO
import TensorStore
import TestSupport
import Testing

struct InceptionV3Tests {
    /// The whole network, with weights by a formula that `Goldens/evaluation/make.py` has too.
    @Test func featuresArePytorchFIDs() throws {
        let golden = try SafetensorsCheckpoint(path: Goldens.url("evaluation/inception.safetensors").path)
        let pictures = try golden.tensor(named: "pictures")
        let graph = try InceptionV3().graph(
            try Self.weights(), batch: .fixed(pictures.shape[0]), height: .fixed(pictures.shape[2]),
            width: .fixed(pictures.shape[3]))
        let request = try Executable("test", SizedGraph(graph)).model.makeRequest()
        try request.setInput("pictures", to: pictures)
        try request.infer()
        try expectClose(request.outputTensor("features"), golden.tensor(named: "features"), tolerance: 1e-4)
    }

    @Test func otherWeightsAreRefused() throws {
        let weights = Weights([:], source: "nothing")
        #expect(throws: ArchitectureError.missingTensor("Conv2d_1a_3x3.conv.weight", in: "nothing")) {
            try InceptionV3().graph(weights, batch: 1, height: .any, width: .any)
        }
    }

    private static func weights() throws -> Weights {
        let recorder = TensorRecorder(
            placeholder: try MappedFile(path: Goldens.url("evaluation/pictures.json").path))
        _ = try InceptionV3().graph(Weights(recording: recorder), batch: 1, height: 8, width: 8)
        var entries: [String: Weights.Entry] = [:]
        for (name, shape) in recorder.shapes {
            let values = weight(name, shape)
            entries[name] = Weights.Entry(
                elementType: .f32, shape: shape, data: .bytes(values.withUnsafeBytes { Array($0) }))
        }
        return Weights(entries, source: "a formula")
    }

    private static func weight(_ name: String, _ shape: Shape) -> [Float] {
        let fanIn = shape.dimensions.dropFirst().reduce(1, *)
        let limit = Float((6 / Double(fanIn)).squareRoot())
        let unit = Hashed.unit(name, count: shape.dimensions.reduce(1, *))
        if name.hasSuffix("conv.weight") { return unit.map { ($0 * 2 - 1) * limit } }
        if name.hasSuffix("bn.weight") || name.hasSuffix("running_var") { return unit.map { $0 + 0.5 } }
        return unit.map { ($0 - 0.5) * 0.2 }
    }
}
