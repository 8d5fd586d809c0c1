import Architectures
import TensorStore

/// The configs for the models of the catalog.
extension SyntheticModel {
    typealias Members = [(String, JSONValue?)]

    /// Files by path: model_index.json and the components' configs.
    static func model(_ pipeline: String, options: Members, _ parts: [String: JSONValue]) -> [String: JSONValue] {
        var files: [String: JSONValue] = [:]
        var index: Members = [("_class_name", .string(pipeline)), ("_diffusers_version", "0.24.0")] + options
        for (name, config) in parts.sorted(by: { $0.key < $1.key }) {
            let isText = name.hasPrefix("text_encoder") || name.hasPrefix("tokenizer")
            let type = config["_class_name"]?.string ?? config["architectures"]?.array?.first?.string ?? "CLIPTokenizer"
            index.append((name, .strings([isText ? "transformers" : "diffusers", type])))
            let file =
                name == "scheduler"
                ? "scheduler_config.json" : name.hasPrefix("tokenizer") ? "tokenizer_config.json" : "config.json"
            files["\(name)/\(file)"] = config
        }
        for name in ["safety_checker", "feature_extractor", "image_encoder"] { index.append((name, .array([.null, .null]))) }
        files["model_index.json"] = .members(index)
        return files
    }

    // MARK: Networks

    /// - Parameter transformers: the number of layers at each level; 0 for a level without attention.
    static func unet(channels: [Int], transformers: [Int], context: Int, sampleSize: Int, _ others: Members) -> JSONValue {
        let down = transformers.map { $0 == 0 ? "DownBlock2D" : "CrossAttnDownBlock2D" }
        let up = transformers.reversed().map { $0 == 0 ? "UpBlock2D" : "CrossAttnUpBlock2D" }
        return .members(
            [
                ("_class_name", "UNet2DConditionModel"), ("act_fn", "silu"), ("block_out_channels", .integers(channels)),
                ("cross_attention_dim", .integer(context)), ("down_block_types", .strings(down)), ("in_channels", 4),
                ("layers_per_block", 2), ("norm_eps", 1e-5), ("norm_num_groups", 32), ("out_channels", 4),
                ("sample_size", .integer(sampleSize)), ("up_block_types", .strings(up)),
            ] + others)
    }

    /// Stable Diffusion 1's UNet.
    static func unet1(_ others: Members) -> JSONValue {
        unet(
            channels: [320, 640, 1280, 1280], transformers: [1, 1, 1, 0], context: 768, sampleSize: 64,
            [("attention_head_dim", 8)] + others)
    }

    static let autoencoderKL = autoencoderKL(scalingFactor: 0.18215, sampleSize: 512)

    static func autoencoderKL(scalingFactor: Double, sampleSize: Int) -> JSONValue {
        .members([
            ("_class_name", "AutoencoderKL"), ("act_fn", "silu"), ("block_out_channels", .integers([128, 256, 512, 512])),
            ("down_block_types", .strings(Array(repeating: "DownEncoderBlock2D", count: 4))), ("in_channels", 3),
            ("latent_channels", 4), ("layers_per_block", 2), ("norm_num_groups", 32), ("out_channels", 3),
            ("sample_size", .integer(sampleSize)), ("scaling_factor", .double(scalingFactor)),
            ("up_block_types", .strings(Array(repeating: "UpDecoderBlock2D", count: 4))),
        ])
    }

    static let autoencoderTiny = JSONValue.members([
        ("_class_name", "AutoencoderTiny"), ("act_fn", "relu"), ("decoder_block_out_channels", .integers([64, 64, 64, 64])),
        ("encoder_block_out_channels", .integers([64, 64, 64, 64])), ("in_channels", 3), ("latent_channels", 4),
        ("num_decoder_blocks", .integers([3, 3, 3, 1])), ("num_encoder_blocks", .integers([1, 3, 3, 3])), ("out_channels", 3),
        ("scaling_factor", 1.0), ("upsampling_scaling_factor", 2),
    ])

    static func textEncoder(
        _ className: String, width: Int, layers: Int, heads: Int, activation: String, projection: Int
    ) -> JSONValue {
        .members([
            ("architectures", .strings([className])), ("bos_token_id", 0), ("eos_token_id", 2),
            ("hidden_act", .string(activation)), ("hidden_size", .integer(width)), ("intermediate_size", .integer(4 * width)),
            ("layer_norm_eps", 1e-5), ("max_position_embeddings", 77), ("model_type", "clip_text_model"),
            ("num_attention_heads", .integer(heads)), ("num_hidden_layers", .integer(layers)), ("pad_token_id", 1),
            ("projection_dim", .integer(projection)), ("vocab_size", 49408),
        ])
    }

    /// The encoder of Stable Diffusion 1, and SDXL's first.
    static let openAIEncoder = textEncoder(
        "CLIPTextModel", width: 768, layers: 12, heads: 12, activation: "quick_gelu", projection: 768)

    // MARK: Tokenizers and schedulers

    static func tokenizer(padding: String = "<|endoftext|>") -> JSONValue {
        .members([
            ("bos_token", "<|startoftext|>"), ("eos_token", "<|endoftext|>"), ("model_max_length", 77),
            ("pad_token", .string(padding)), ("tokenizer_class", "CLIPTokenizer"), ("unk_token", "<|endoftext|>"),
        ])
    }

    static func scheduler(_ className: String, spacing: String?, _ others: Members) -> JSONValue {
        .members(
            [
                ("_class_name", .string(className)), ("beta_end", 0.012), ("beta_schedule", "scaled_linear"),
                ("beta_start", 0.00085), ("num_train_timesteps", 1000), ("prediction_type", "epsilon"), ("steps_offset", 1),
                ("timestep_spacing", spacing.map(JSONValue.string)),
            ] + others)
    }

    /// Further options in the published configs of Euler's schedulers.
    static let euler: Members = [
        ("clip_sample", false), ("interpolation_type", "linear"), ("sample_max_value", 1.0), ("set_alpha_to_one", false),
        ("skip_prk_steps", true), ("trained_betas", .null),
    ]
}
