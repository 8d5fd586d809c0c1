@testable import Adapters
import Testing

@Suite struct LoRAKeyTests {
    static let keys: [(String, AdaptedNetwork, String, LoRAKey.Part)] = [
        ("unet.down_blocks.0.attn1.to_q.lora_A.weight", .unet, "down_blocks.0.attn1.to_q", .down),
        ("unet.down_blocks.0.attn1.to_q.lora_B.default_0.weight", .unet, "down_blocks.0.attn1.to_q", .up),
        ("base_model.model.unet.mid_block.to_q.lora_B.weight", .unet, "mid_block.to_q", .up),
        ("unet.base_model.model.mid_block.to_q.lora_B.weight", .unet, "mid_block.to_q", .up),
        ("base_model.model.down_blocks.0.to_q.lora_A.weight", .unet, "down_blocks.0.to_q", .down),
        (
            "base_model.model.text_model.encoder.layers.0.mlp.fc1.lora_A.weight", .textEncoder,
            "text_model.encoder.layers.0.mlp.fc1", .down
        ),
        ("down_blocks.0.attn1.processor.to_q_lora.down.weight", .unet, "down_blocks.0.attn1.to_q", .down),
        ("unet.mid_block.attn1.processor.to_out_lora.up.weight", .unet, "mid_block.attn1.to_out.0", .up),
        ("unet.mid_block.attn1.to_k.lora.up.weight", .unet, "mid_block.attn1.to_k", .up),
        ("unet.mid_block.attn1.to_out.0.lora.up.weight", .unet, "mid_block.attn1.to_out.0", .up),
        (
            "text_encoder.text_model.encoder.layers.1.self_attn.to_out_lora.up.weight", .textEncoder,
            "text_model.encoder.layers.1.self_attn.out_proj", .up
        ),
        (
            "text_encoder_2.text_model.encoder.layers.1.mlp.fc1.lora_linear_layer.down.weight", .textEncoder2,
            "text_model.encoder.layers.1.mlp.fc1", .down
        ),
        ("lora_unet_mid_block_proj_in.lora_mid.weight", .unet, "mid_block_proj_in", .mid),
        ("lora_te_text_model_x.alpha", .textEncoder, "text_model_x", .alpha),
        ("lora_te1_text_model_x.dora_scale", .textEncoder, "text_model_x", .scale),
        ("lora_te2_text_model_x.lora_up.weight", .textEncoder2, "text_model_x", .up),
        ("unet.x.lora_magnitude_vector.default.weight", .unet, "x", .magnitude),
        ("diffusion_model.input_blocks.4.1.proj_in.lora_A.weight", .unet, "input_blocks.4.1.proj_in", .down),
        ("input_blocks.4.1.proj_in.lora_A.weight", .unet, "input_blocks.4.1.proj_in", .down),
    ]

    @Test(arguments: keys) func layouts(_ key: String, _ network: AdaptedNetwork, _ module: String, _ part: LoRAKey.Part) throws {
        let found = try #require(LoRAKey(key))
        #expect(found.network == network && found.module == module && found.part == part, "\(found)")
        #expect(LoRAKey.otherKind(key) == nil)
    }

    @Test(arguments: [
        "", ".", "weight", ".weight", "lora_A.weight", "transformer.x.lora_A.weight", "unet.x.weight", "alpha", "emb_params",
    ])
    func othersAreNone(_ key: String) { #expect(LoRAKey(key) == nil) }
}
