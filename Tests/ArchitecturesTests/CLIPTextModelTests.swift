import Architectures
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Architectures/clip/make.py`, transformers' CLIPTextModel in f32 on the CPU.
@Suite struct CLIPTextModelTests {
    @Test(arguments: [
        ("quick-gelu-legacy-eos", "CLIPTextModel"), ("gelu-no-prefix-f32", "CLIPTextModel"),
        ("projection-bf16", "CLIPTextModelWithProjection"),
    ]) func matchesTransformers(_ name: String, _ className: String) throws {
        let golden = try GoldenNetwork("Architectures/clip/\(name)", library: "transformers", className: className)
        let network = try Registry.make(golden.component.config(), from: Registry.textEncoders)
        let ids = try golden["input_ids"].shape
        let graph = try network.graph(
            golden.component.weights(), batch: .fixed(ids[0]), tokens: ids[1],
            outputs: .init(hiddenStates: true, pooled: true))
        let outputs = try golden.run(graph)
        let hiddenStates = (0...network.config.numHiddenLayers).map { "hidden_states.\($0)" }
        let expected = ["last_hidden_state"] + hiddenStates + ["pooler_output", "text_embeds"].filter(golden.has)
        for output in expected {
            try expectClose(try #require(outputs[output]), golden[output], tolerance: 1e-4, "\(name) \(output)")
        }
    }
}
