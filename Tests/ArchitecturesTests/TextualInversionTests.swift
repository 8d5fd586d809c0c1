import Architectures
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Tokenizers/prompts/make.py`, a small model's text encoder with tokens that diffusers'
/// `load_textual_inversion` added.
@Suite struct TextualInversionTests {
    @Test(arguments: 0..<4) func matchesDiffusers(_ prompt: Int) throws {
        func values(_ file: String, _ name: String) throws -> Tensor {
            try SafetensorsCheckpoint(path: Goldens.url("Tokenizers/prompts/\(file).safetensors").path).tensor(named: name)
        }
        let component = Component(
            name: "text_encoder", library: "transformers", className: "CLIPTextModel",
            folder: Goldens.url("Diffusion/pipeline/autoencoder-kl/model/text_encoder"))
        let network = try Registry.make(component.config(), from: Registry.textEncoders)
        let rows =
            try values("toy", "<toy>").elements() as [Float]
            + values("Glint-Style", "emb_params").converted(to: .f32).elements()
        let ids = try values("inversion", "ids.\(prompt)")
        let graph = try network.graph(component.weights(), batch: 1, tokens: ids.shape[1])
            .addingTokens(Tensor(rows, shape: [4, 18]), firstID: network.config.vocabSize)
        let outputs = try runGraph(graph) { _ in ids }
        let states = try #require(outputs["last_hidden_state"])
        try expectClose(states, values("inversion", "states.\(prompt)"), tolerance: 1e-4)
    }
}
