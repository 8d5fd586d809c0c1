import Testing

@testable import Hub

@Suite struct WeightsFileTests {
    @Test(
        arguments: [
            ("model.safetensors", .whole, ""),
            ("diffusion_pytorch_model.fp16.safetensors", .whole, "fp16"),
            ("diffusion_pytorch_model.non_ema.safetensors", .whole, "non_ema"),
            ("model-00001-of-00002.safetensors", .shard, ""),
            ("diffusion_pytorch_model.fp16-00001-of-00002.safetensors", .shard, "fp16"),
            ("diffusion_pytorch_model-00002-of-00002.fp16.safetensors", .shard, "fp16"),
            ("model.safetensors.index.json", .index, ""),
            ("diffusion_pytorch_model.fp16.safetensors.index.json", .index, "fp16"),
            ("diffusion_pytorch_model.safetensors.index.fp16.json", .index, "fp16"),
        ] as [(String, WeightsFile.Role, String)])
    func reads(name: String, role: WeightsFile.Role, variant: String) throws {
        let file = try #require(WeightsFile(remote("unet/\(name)")))
        #expect(file.role == role)
        #expect(file.variant == variant)
    }

    @Test(arguments: [
        "pytorch_lora_weights.safetensors", "sd_xl_base_1.0.safetensors", "model.bin", "config.json", "model.json",
        "pytorch_model.bin.index.json", "model_index.json", "models.safetensors", "model-lora.safetensors",
    ])
    func leavesOthers(name: String) throws { #expect(WeightsFile(try remote(name)) == nil) }
}

func remote(_ path: String, size: Int = 1) throws -> RemoteFile {
    let hex = ContentDigest(of: Array(path.utf8), isLarge: true).hex
    return try RemoteFile(path: path, size: size, digest: .sha256(hex), repository: "owner/model")
}
