import Adapters
import Diffusion
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// LoRAs in the weights of a model.
@Suite struct MergedLoRATests {
    @Test(arguments: ["sd15/lcm-lora", "sd15/lcm-lora-half"])
    func drawsAsTheModelWithItsLoRAs(_ name: String) async throws {
        let run = try GoldenRun.named(name)
        let model = try run.loadModel()
        let merged = try await model.mergingLoRAs()
        #expect(merged.loras == nil && merged.mergedLoRAs?.items.count == model.loras?.items.count)
        let request = try run.request(model)
        let expected = try await LatentDiffusionPipeline(model).generate(request).pictures[0].latents
        let found = try await LatentDiffusionPipeline(merged).generate(request).pictures[0].latents
        try expectClose(found, expected, tolerance: 1e-4)
    }

    /// W + scale · alpha / rank · up × down, by its formula, is the constant that quantization reads.
    @Test func weightsAreTheMergedCheckpoints() async throws {
        let run = try GoldenRun.named("sd15/lcm-lora-half")
        let model = try run.loadModel()
        let lora = try #require(run.loras?.first)
        let file = try SafetensorsCheckpoint(path: Goldens.url("Diffusion/pipeline/\(lora.file)").path)
        let module = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
        let key = "lora_unet_" + module.replacing(".", with: "_")
        func tensor(_ name: String) throws -> Tensor { try file.tensor(named: "\(key).\(name)").converted(to: .f32) }
        let (up, down) = (try tensor("lora_up.weight"), try tensor("lora_down.weight"))
        let (rank, inputs) = (down.shape[0], down.shape[1])
        let factor = try lora.scale * tensor("alpha").elements(as: Float.self)[0] / Float(rank)
        let (ups, downs) = (try up.elements(as: Float.self), try down.elements(as: Float.self))
        let unet = try SafetensorsCheckpoint(
            path: GoldenRun.model("sd15").appending(path: "unet/diffusion_pytorch_model.safetensors").path)
        var expected = try unet.tensor(named: "\(module).weight").converted(to: .f32).elements(as: Float.self)
        for index in expected.indices {
            let (row, column) = (index / inputs, index % inputs)
            for part in 0..<rank { expected[index] += factor * ups[row * rank + part] * downs[part * inputs + column] }
        }
        let merged = try await model.mergingLoRAs()
        guard case .graph(let graph) = merged.unet.origin else {
            Issue.record("the UNet is not merged")
            return
        }
        let matrix = try #require(
            graph.nodes.indices.first { graph.nodes[$0].type == "MatMul" && graph.nodes[$0].name.contains(module) })
        let found = try #require(graph.constantFloats(graph.nodes[matrix].inputs[1]))
        expectClose(found, expected, tolerance: 1e-6)
    }

    @Test func aModelWithoutLoRAsStays() async throws {
        let merged = try await LatentDiffusionModel(ModelSource(Small.folder)).mergingLoRAs()
        if case .graph = merged.unet.origin { Issue.record("the UNet is another") }
        #expect(merged.mergedLoRAs == nil)
    }
}
