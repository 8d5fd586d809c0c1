import Architectures
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Architectures/clip-vision/make.py`, transformers' CLIPModel in f32 on the CPU.
@Suite struct CLIPModelTests {
    private let component = Component(
        name: "clip", library: "transformers", className: "CLIPModel", folder: Goldens.url("Architectures/clip-vision/model"))

    private func model() throws -> CLIPModel {
        let config = component.folder.appending(path: "config.json")
        return try CLIPModel(JSONFile.read(config), file: config.path)
    }

    @Test func bothHalvesMatchTransformers() throws {
        let golden = try SafetensorsCheckpoint(path: Goldens.url("Architectures/clip-vision/golden.safetensors").path)
        let model = try model()
        let (text, vision) = (
            try model.text.graph(component.weights(), batch: 2, tokens: 77, outputs: .init(pooled: true)),
            try model.vision.graph(component.weights(), batch: 2)
        )
        var outputs = try runGraph(vision, input: golden.tensor(named:))
        outputs["text_embeds"] = try runGraph(text, input: golden.tensor(named:))["text_embeds"]
        for name in ["pooler_output", "image_embeds", "text_embeds"] {
            try expectClose(try #require(outputs[name]), golden.tensor(named: name), tolerance: 1e-4, name)
        }
    }

    /// Not the widths that the parts themselves name.
    @Test func projectionIsTheWholeModels() throws {
        let model = try model()
        #expect(model.text.config.projectionDim == 7 && model.vision.config.projectionDim == 7)
        #expect(model.vision.config.patchesPerSide == 3)
    }

    @Test(arguments: [
        ("{}", "text_config"), (#"{"text_config": {}}"#, "vision_config"),
        (#"{"text_config": {}, "vision_config": 3}"#, "vision_config"),
        (#"{"projection_dim": 0, "text_config": {}, "vision_config": {}}"#, "projection_dim"),
        (#"{"text_config": {}, "vision_config": {"hidden_size": 10, "num_attention_heads": 3}}"#, "num_attention_heads"),
        (#"{"text_config": {}, "vision_config": {"image_size": 16, "patch_size": 17}}"#, "patch_size"),
        (#"{"text_config": {}, "vision_config": {"image_size": [16, 17]}}"#, "image_size"),
    ]) func badConfigsAreRefused(_ config: String, _ complaint: String) throws {
        let config = try JSONValue(parsing: config.utf8)
        let error = #expect(throws: ArchitectureError.self) { try CLIPModel(config, file: "config.json") }
        #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
    }

    @Test func otherWeightsAreRefused() throws {
        #expect(throws: ArchitectureError.missingTensor("embeddings.patch_embedding.weight", in: "nothing")) {
            try model().vision.graph(Weights([:], source: "nothing"), batch: 1)
        }
    }
}
