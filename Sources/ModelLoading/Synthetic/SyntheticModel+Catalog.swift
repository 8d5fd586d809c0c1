import Architectures
import TensorStore

extension SyntheticModel {
    /// All synthetic models.
    public static let all = [
        SyntheticModel(name: "lcm-dreamshaper-v7", configs: lcm(vae: autoencoderKL)),
        SyntheticModel(name: "lcm-dreamshaper-v7-taesd", configs: lcm(vae: autoencoderTiny)),
        SyntheticModel(name: "sd15", configs: stableDiffusion15),
        SyntheticModel(name: "sd-turbo", configs: stableDiffusionTurbo),
        SyntheticModel(name: "sdxl", configs: stableDiffusionXL(isTurbo: false)),
        SyntheticModel(name: "sdxl-turbo", configs: stableDiffusionXL(isTurbo: true)),
    ]

    /// SimianLuo/LCM_Dreamshaper_v7: Stable Diffusion 1.5's networks, with a guidance embedding in the UNet.
    private static func lcm(vae: JSONValue) -> [String: JSONValue] {
        model(
            "LatentConsistencyModelPipeline", options: [("requires_safety_checker", false)],
            [
                "unet": unet1([("time_cond_proj_dim", 256)]), "vae": vae, "text_encoder": openAIEncoder, "tokenizer": tokenizer(),
                "scheduler": scheduler(
                    "LCMScheduler", spacing: "leading",
                    [("clip_sample", false), ("set_alpha_to_one", true), ("original_inference_steps", 50)]),
            ])
    }

    /// stable-diffusion-v1-5/stable-diffusion-v1-5.
    private static var stableDiffusion15: [String: JSONValue] {
        model(
            "StableDiffusionPipeline", options: [("requires_safety_checker", false)],
            [
                "unet": unet1([]), "vae": autoencoderKL, "text_encoder": openAIEncoder, "tokenizer": tokenizer(),
                "scheduler": scheduler(
                    "PNDMScheduler", spacing: nil,
                    [("clip_sample", false), ("set_alpha_to_one", false), ("skip_prk_steps", true), ("trained_betas", .null)]),
            ])
    }

    /// stabilityai/sd-turbo: Stable Diffusion 2.1's networks.
    private static var stableDiffusionTurbo: [String: JSONValue] {
        let unet = unet(
            channels: [320, 640, 1280, 1280], transformers: [1, 1, 1, 0], context: 1024, sampleSize: 64,
            [("attention_head_dim", .integers([5, 10, 20, 20])), ("use_linear_projection", true)])
        return model(
            "StableDiffusionPipeline", options: [("requires_safety_checker", false)],
            [
                "unet": unet, "vae": autoencoderKL, "tokenizer": tokenizer(padding: "!"),
                "text_encoder": textEncoder(
                    "CLIPTextModel", width: 1024, layers: 23, heads: 16, activation: "gelu", projection: 512),
                "scheduler": scheduler("EulerDiscreteScheduler", spacing: "trailing", euler + [("use_karras_sigmas", false)]),
            ])
    }

    /// stabilityai/stable-diffusion-xl-base-1.0 and sdxl-turbo, which has another scheduler.
    private static func stableDiffusionXL(isTurbo: Bool) -> [String: JSONValue] {
        let unet = unet(
            channels: [320, 640, 1280], transformers: [0, 2, 10], context: 2048, sampleSize: isTurbo ? 64 : 128,
            [
                ("attention_head_dim", .integers([5, 10, 20])), ("use_linear_projection", true),
                ("transformer_layers_per_block", .integers([1, 2, 10])), ("addition_embed_type", "text_time"),
                ("addition_time_embed_dim", 256), ("projection_class_embeddings_input_dim", 2816),
            ])
        return model(
            "StableDiffusionXLPipeline", options: [("force_zeros_for_empty_prompt", true)],
            [
                "unet": unet, "vae": autoencoderKL(scalingFactor: 0.13025, sampleSize: 1024), "text_encoder": openAIEncoder,
                "text_encoder_2": textEncoder(
                    "CLIPTextModelWithProjection", width: 1280, layers: 32, heads: 20, activation: "gelu", projection: 1280),
                "tokenizer": tokenizer(), "tokenizer_2": tokenizer(padding: "!"),
                "scheduler": isTurbo
                    ? scheduler("EulerAncestralDiscreteScheduler", spacing: "trailing", euler)
                    : scheduler("EulerDiscreteScheduler", spacing: "leading", euler + [("use_karras_sigmas", false)]),
            ])
    }
}
