import TensorStore
import Testing

@Suite struct CheckpointNameTests {
    @Test(
        arguments: [
            ("model.safetensors", .whole, ""),
            ("diffusion_pytorch_model.fp16.safetensors", .whole, "fp16"),
            ("diffusion_pytorch_model.non_ema.safetensors", .whole, "non_ema"),
            ("model.SAFETENSORS", .whole, ""),
            ("model-00001-of-00002.safetensors", .shard, ""),
            ("diffusion_pytorch_model.fp16-00001-of-00002.safetensors", .shard, "fp16"),
            ("diffusion_pytorch_model-00002-of-00002.fp16.safetensors", .shard, "fp16"),
            ("model.safetensors.index.json", .index, ""),
            ("diffusion_pytorch_model.fp16.safetensors.index.json", .index, "fp16"),
            ("diffusion_pytorch_model.safetensors.index.fp16.json", .index, "fp16"),
            ("diffusion_pytorch_model.safetensors.fp16.index.json", .index, "fp16"),
        ] as [(String, CheckpointName.Role, String)])
    func reads(name: String, role: CheckpointName.Role, variant: String) throws {
        let parsed = try #require(CheckpointName(name))
        #expect(parsed.role == role && parsed.variant == variant)
        #expect(parsed.stem == (name.hasPrefix("model") ? "model" : "diffusion_pytorch_model"))
    }

    @Test(arguments: [
        "pytorch_lora_weights.safetensors", "sd_xl_base_1.0.safetensors", "model.bin", "config.json", "model.json",
        "pytorch_model.bin.index.json", "model_index.json", "models.safetensors", "model-lora.safetensors", "", ".",
        "safetensors",
        "model.safetensors.json", "safetensors.index.json",
    ])
    func leavesOthers(name: String) { #expect(CheckpointName(name) == nil) }
}
