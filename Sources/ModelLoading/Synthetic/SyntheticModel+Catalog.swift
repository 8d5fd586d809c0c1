extension SyntheticModel {
    /// Models that can be made.
    public static let all = [
        SyntheticModel(name: "lcm-dreamshaper-v7", configs: lcm(vae: ("AutoencoderKL", autoencoderKL))),
        SyntheticModel(name: "lcm-dreamshaper-v7-taesd", configs: lcm(vae: ("AutoencoderTiny", autoencoderTiny))),
    ]

    /// SimianLuo/LCM_Dreamshaper_v7: Stable Diffusion 1.5's networks, the UNet with a guidance embedding.
    private static func lcm(vae: (className: String, config: String)) -> [String: String] {
        [
            "model_index.json": """
            {
              "_class_name": "LatentConsistencyModelPipeline",
              "_diffusers_version": "0.22.0",
              "requires_safety_checker": false,
              "scheduler": ["diffusers", "LCMScheduler"],
              "text_encoder": ["transformers", "CLIPTextModel"],
              "tokenizer": ["transformers", "CLIPTokenizer"],
              "unet": ["diffusers", "UNet2DConditionModel"],
              "vae": ["diffusers", "\(vae.className)"],
              "safety_checker": [null, null],
              "feature_extractor": [null, null],
              "image_encoder": [null, null]
            }
            """,
            "unet/config.json": """
            {
              "_class_name": "UNet2DConditionModel",
              "act_fn": "silu",
              "attention_head_dim": 8,
              "block_out_channels": [320, 640, 1280, 1280],
              "cross_attention_dim": 768,
              "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
              "in_channels": 4,
              "layers_per_block": 2,
              "norm_eps": 1e-05,
              "norm_num_groups": 32,
              "out_channels": 4,
              "sample_size": 64,
              "time_cond_proj_dim": 256,
              "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]
            }
            """,
            "vae/config.json": vae.config,
            "text_encoder/config.json": """
            {
              "architectures": ["CLIPTextModel"],
              "bos_token_id": 0,
              "eos_token_id": 2,
              "hidden_act": "quick_gelu",
              "hidden_size": 768,
              "intermediate_size": 3072,
              "layer_norm_eps": 1e-05,
              "max_position_embeddings": 77,
              "model_type": "clip_text_model",
              "num_attention_heads": 12,
              "num_hidden_layers": 12,
              "pad_token_id": 1,
              "projection_dim": 768,
              "vocab_size": 49408
            }
            """,
            "tokenizer/tokenizer_config.json": """
            {
              "bos_token": "<|startoftext|>",
              "eos_token": "<|endoftext|>",
              "model_max_length": 77,
              "pad_token": "<|endoftext|>",
              "tokenizer_class": "CLIPTokenizer",
              "unk_token": "<|endoftext|>"
            }
            """,
            "scheduler/scheduler_config.json": """
            {
              "_class_name": "LCMScheduler",
              "beta_end": 0.012,
              "beta_schedule": "scaled_linear",
              "beta_start": 0.00085,
              "clip_sample": false,
              "num_train_timesteps": 1000,
              "original_inference_steps": 50,
              "prediction_type": "epsilon",
              "set_alpha_to_one": true,
              "steps_offset": 1,
              "timestep_spacing": "leading"
            }
            """,
        ]
    }

    private static let autoencoderKL = """
        {
          "_class_name": "AutoencoderKL",
          "act_fn": "silu",
          "block_out_channels": [128, 256, 512, 512],
          "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
          "in_channels": 3,
          "latent_channels": 4,
          "layers_per_block": 2,
          "norm_num_groups": 32,
          "out_channels": 3,
          "sample_size": 512,
          "scaling_factor": 0.18215,
          "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]
        }
        """

    private static let autoencoderTiny = """
        {
          "_class_name": "AutoencoderTiny",
          "act_fn": "relu",
          "decoder_block_out_channels": [64, 64, 64, 64],
          "encoder_block_out_channels": [64, 64, 64, 64],
          "in_channels": 3,
          "latent_channels": 4,
          "num_decoder_blocks": [3, 3, 3, 1],
          "num_encoder_blocks": [1, 3, 3, 3],
          "out_channels": 3,
          "scaling_factor": 1.0,
          "upsampling_scaling_factor": 2
        }
        """
}
