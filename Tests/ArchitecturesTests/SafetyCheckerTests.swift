import Architectures
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Architectures/safety/make.py`, diffusers' StableDiffusionSafetyChecker in f32 on the CPU.
@Suite struct SafetyCheckerTests {
    private let component = Component(
        name: "safety_checker", library: "transformers", className: StableDiffusionSafetyChecker.className,
        folder: Goldens.url("Architectures/safety/safety_checker"))

    private func network() throws -> StableDiffusionSafetyChecker {
        let config = component.folder.appending(path: "config.json")
        return try StableDiffusionSafetyChecker(JSONFile.read(config), file: config.path)
    }

    /// With the two prefixes of published files, and with the one that newer versions of transformers write.
    @Test(arguments: ["vision_model.vision_model.", "vision_model."]) func scoresAreDiffusers(_ prefix: String) throws {
        let golden = try SafetensorsCheckpoint(path: Goldens.url("Architectures/safety/golden.safetensors").path)
        let published = "vision_model.vision_model."
        let weights = try component.weights().renamed { name in
            name.hasPrefix(published) ? prefix + name.dropFirst(published.count) : name
        }
        let outputs = try runGraph(network().graph(weights, batch: 3), input: golden.tensor(named:))
        #expect(outputs.count == 3)
        for name in ["image_embeds", "concept_scores", "special_care_scores"] {
            try expectClose(#require(outputs[name]), golden.tensor(named: name), tolerance: 1e-4, name)
        }
    }

    /// The older of two sections counts, and the whole's projection_dim.
    @Test func configIsReadAsTransformersReadsIt() throws {
        let vision = try network().vision.config
        #expect(vision.hiddenActivation == .quickGELU && vision.projectionDim == 7 && vision.imageSize == 17)
        func read(_ text: String) throws -> CLIPVisionConfig {
            try StableDiffusionSafetyChecker(JSONValue(parsing: text.utf8), file: "config.json").vision.config
        }
        #expect(try read(#"{"vision_config": {"patch_size": 16}, "vision_config_dict": {}}"#).patchSize == 32)
        #expect(try read(#"{"vision_config": {"patch_size": 16}, "vision_config_dict": null}"#).patchSize == 16)
        #expect(try read(#"{"projection_dim": 768, "vision_config": {}}"#).projectionDim == 768)
    }

    @Test(arguments: [
        ("{}", "vision_config"), (#"{"vision_config": null}"#, "vision_config"), (#"{"vision_config": [1]}"#, "vision_config"),
        ("[]", "vision_config"), (#"{"projection_dim": -1, "vision_config": {}}"#, "projection_dim"),
        (#"{"vision_config": {}, "vision_config_dict": {"num_attention_heads": 5}}"#, "num_attention_heads"),
        (#"{"vision_config": {"hidden_act": "tanh"}}"#, "hidden_act"),
    ]) func badConfigsAreRefused(_ config: String, _ complaint: String) throws {
        let config = try JSONValue(parsing: config.utf8)
        let error = #expect(throws: ArchitectureError.self) { try StableDiffusionSafetyChecker(config, file: "config.json") }
        #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
    }

    @Test func otherWeightsAreRefused() throws {
        let weights = try component.weights()
        let fewer = Weights(weights.entries.filter { $0.key != "special_care_embeds_weights" }, source: "fewer")
        #expect(throws: ArchitectureError.missingTensor("special_care_embeds_weights", in: "fewer")) {
            try network().graph(fewer, batch: 1)
        }
        var entries = weights.entries
        entries["concept_embeds"] = entries["special_care_embeds"]
        let error = ArchitectureError.tensorShape("concept_embeds", in: "other", expected: [17, 7], found: [3, 7])
        #expect(throws: error) { try network().graph(Weights(entries, source: "other"), batch: 1) }
    }
}
