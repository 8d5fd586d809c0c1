@testable import Architectures
import ModelGraph
import TensorStore
import Testing

/// Every parameter of diffusers 0.42's `UNet2DConditionModel.__init__`: supported and honoured, supported and without effect
/// on inference, or refused by its name.
@Suite struct UNet2DConditionConfigTests {
    /// As `inspect.signature` lists them.
    static let names = [
        "sample_size", "in_channels", "out_channels", "center_input_sample", "flip_sin_to_cos", "freq_shift", "down_block_types",
        "mid_block_type", "up_block_types", "only_cross_attention", "block_out_channels", "layers_per_block",
        "downsample_padding",
        "mid_block_scale_factor", "dropout", "act_fn", "norm_num_groups", "norm_eps", "cross_attention_dim",
        "transformer_layers_per_block", "reverse_transformer_layers_per_block", "encoder_hid_dim", "encoder_hid_dim_type",
        "attention_head_dim", "num_attention_heads", "dual_cross_attention", "use_linear_projection", "class_embed_type",
        "addition_embed_type", "addition_time_embed_dim", "num_class_embeds", "upcast_attention", "resnet_time_scale_shift",
        "resnet_skip_time_act", "resnet_out_scale_factor", "time_embedding_type", "time_embedding_dim", "time_embedding_act_fn",
        "timestep_post_act", "time_cond_proj_dim", "conv_in_kernel", "conv_out_kernel", "projection_class_embeddings_input_dim",
        "attention_type", "class_embeddings_concat", "mid_block_only_cross_attention", "cross_attention_norm",
        "addition_embed_type_num_heads",
    ]

    static let unet = ConfigClass(
        className: "UNet2DConditionModel",
        base: [
            "block_out_channels": "[4, 8]", "layers_per_block": "1", "norm_num_groups": "2", "cross_attention_dim": "8",
            "attention_head_dim": "2", "down_block_types": #"["CrossAttnDownBlock2D", "DownBlock2D"]"#,
            "up_block_types": #"["UpBlock2D", "CrossAttnUpBlock2D"]"#,
        ],
        read: { try UNet2DConditionConfig($0) },
        graph: { try UNet2DConditionModel($0).graph($1, .init(batch: 1, height: 8, width: 8, tokens: 3)) })

    private static let sdxl = [
        "addition_embed_type": "\"text_time\"", "addition_time_embed_dim": "4", "projection_class_embeddings_input_dim": "40",
    ]

    static let parameters: [ConfigParameter] = [
        .init(
            "sample_size", ["96", "[96, 96]", "null"], .elsewhere,
            refused: ["0", "-1", "1000000000000", "\"64\"", "[64, 96]", "[64]", "true"]),
        .init("in_channels", ["9"], refused: absurdSizes),
        .init("out_channels", ["8"], refused: absurdSizes),
        .init("center_input_sample", ["true"], refused: ["1", "\"true\"", "[true]"]),
        .init("flip_sin_to_cos", ["false", "null"], refused: ["1", "\"true\""]),
        .init("freq_shift", ["1", "0.5"], refused: ["null", "\"0\"", "1e+300", "[0]"]),
        .init(
            "down_block_types", [#"["DownBlock2D", "CrossAttnDownBlock2D"]"#, #"["DownBlock2D", "DownBlock2D"]"#],
            refused: ["null", "\"DownBlock2D\"", "[]", "[1, 2]", #"["DownBlock2D"]"#]),
        .init(
            "mid_block_type", ["null", "\"UNetMidBlock2D\""],
            refused: ["\"UNetMidBlock2DSimpleCrossAttn\"", "\"\"", "0", #"["UNetMidBlock2D"]"#]),
        .init(
            "up_block_types", [#"["CrossAttnUpBlock2D", "UpBlock2D"]"#, #"["UpBlock2D", "UpBlock2D"]"#],
            refused: ["null", "\"UpBlock2D\"", "[]", #"["UpBlock2D", "UpBlock2D", "UpBlock2D"]"#]),
        .init("only_cross_attention", ["true", "[true, false]"], refused: ["null", "1", "[true]", "[1, 0]", "\"true\""]),
        .init(
            "block_out_channels", ["[4, 12]", "[2, 8]"],
            refused: ["null", "4", "[4]", "[]", "[0, 8]", "[-4, 8]", "[4, 1000000000000]", "[4, 8.5]", "[4, null]", "[4, 8, 8]"]),
        .init("layers_per_block", ["2", "[1, 2]"], refused: absurdSizes + ["[1, 0]", "[1, 1, 1]", "1025"]),
        .init("downsample_padding", ["0"], refused: ["-1", "17", "null", "\"1\"", "1000000000000"]),
        .init("mid_block_scale_factor", ["2", "0.5"], refused: ["null", "\"1\"", "1e+300", "0"]),
        .inert("dropout", "0.1"),
        .init("act_fn", ["\"gelu\"", "\"mish\"", "\"relu\""], refused: ["\"gelu_new\"", "\"tanh\"", "null", "1"]),
        .init("act_fn", ["\"swish\""], .none),
        .init("norm_num_groups", ["4", "1"], refused: absurdSizes),
        .init("norm_eps", ["1e-3"], refused: ["null", "-1", "2", "\"1e-5\""]),
        .init("cross_attention_dim", ["16", "[16, 16]"], refused: absurdSizes + ["[8, 0]", "[8, 8, 8]"]),
        .init("transformer_layers_per_block", ["2", "[2, 1]"], refused: absurdSizes + ["[1, -1]", "[1, 2000]"]),
        .init(
            "transformer_layers_per_block", ["[[1, 2], 1]"], refused: ["[[1], 1]", "[[1, 2, 3], 1]", "[[1, null], 1]"],
            with: ["layers_per_block": "2", "reverse_transformer_layers_per_block": "[1, [1, 2, 1]]"]),
        .init(
            "reverse_transformer_layers_per_block", ["[1, 2]", "[1, [2, 1]]"],
            refused: ["[1]", "[1, [1]]", "[1, -1]", "\"1\"", "[[1, 1]]"]),
        .init("encoder_hid_dim", ["6"], refused: ["0", "-1", "\"6\"", "[6]"]),
        .init(
            "encoder_hid_dim_type", ["\"text_proj\""], .none, refused: ["\"image_proj\"", "\"text_image_proj\"", "1"],
            with: ["encoder_hid_dim": "6"]),
        .init("encoder_hid_dim_type", ["null"], .none, refused: ["\"text_proj\""]),
        .init("attention_head_dim", ["4", "[4, 2]"], refused: absurdSizes + ["[2, 0]", "5"]),
        .init("num_attention_heads", ["null"], .none, refused: ["2", "[2, 2]", "0"]),
        .init("dual_cross_attention", ["null", "false"], .none, refused: ["true", "1"]),
        .init("use_linear_projection", ["true"], refused: ["1", "\"true\""]),
        .init(
            "class_embed_type", ["null"], .none,
            refused: ["\"timestep\"", "\"identity\"", "\"projection\"", "\"simple_projection\""]),
        .init(
            "addition_embed_type", ["\"text_time\""],
            refused: ["\"text\"", "\"image\"", "\"text_image\"", "\"image_hint\"", "1"],
            with: sdxl.filter { $0.key != "addition_embed_type" }),
        .init("addition_embed_type", ["null"], .none, refused: ["\"text_time\""]),
        .init("addition_time_embed_dim", ["6"], refused: absurdSizes + ["7"], with: sdxl),
        .init("addition_time_embed_dim", ["256"], .none),
        .init("num_class_embeds", ["null"], .none, refused: ["10", "0"]),
        .inert("upcast_attention", "true", "false"),
        .init("resnet_time_scale_shift", ["\"scale_shift\""], refused: ["\"ada_group\"", "\"spatial\"", "null", "1"]),
        .inert("resnet_skip_time_act", "true"),
        .inert("resnet_out_scale_factor", "1.4"),
        .init("time_embedding_type", ["\"positional\""], .none, refused: ["\"fourier\"", "null", "1"]),
        .init("time_embedding_dim", ["24"], refused: ["0", "-1", "\"24\""]),
        .init("time_embedding_dim", ["null"], .none),
        .init("time_embedding_act_fn", ["\"silu\"", "\"gelu\""], refused: ["\"tanh\"", "1"]),
        .init("timestep_post_act", ["\"silu\"", "\"mish\""], refused: ["\"tanh\"", "1"]),
        .init("time_cond_proj_dim", ["16"], refused: ["0", "-1", "\"16\"", "1000000000000"]),
        .init("conv_in_kernel", ["5", "1"], refused: absurdSizes + ["33"]),
        .init("conv_out_kernel", ["5", "1"], refused: absurdSizes + ["33"]),
        .init("projection_class_embeddings_input_dim", ["48"], refused: absurdSizes + ["24"], with: sdxl),
        .init("projection_class_embeddings_input_dim", ["48"], .none),
        .init("attention_type", ["null", "\"default\""], .none, refused: ["\"gated\"", "\"gated-text-image\"", "1"]),
        .init("class_embeddings_concat", ["null", "false"], .none, refused: ["true"]),
        .inert("mid_block_only_cross_attention", "true"),
        .inert("cross_attention_norm", "\"layer_norm\""),
        .inert("addition_embed_type_num_heads", "32"),
    ]

    @Test func everyParameterIsTried() {
        #expect(Set(Self.parameters.map(\.name)) == Set(Self.names))
        #expect(Self.names.count == 48)
    }

    @Test(arguments: parameters) func parameter(_ parameter: ConfigParameter) throws { try Self.unet.check(parameter) }

    @Test func nothingTraps() { Self.unet.checkNothingTraps(Self.names) }

    @Test(arguments: [
        "ResnetDownsampleBlock2D", "AttnDownBlock2D", "SimpleCrossAttnDownBlock2D", "SkipDownBlock2D", "AttnSkipDownBlock2D",
        "DownEncoderBlock2D", "AttnDownEncoderBlock2D", "KDownBlock2D", "KCrossAttnDownBlock2D", "UpBlock2D", "",
    ]) func otherDownBlocks(_ block: String) throws {
        let error = #expect(throws: ArchitectureError.self) {
            try Self.unet.config(["down_block_types": "[\"DownBlock2D\", \"\(block)\"]"])
        }
        #expect(
            error
                == .unsupported(
                    parameter: "down_block_types", value: block, supported: "DownBlock2D, CrossAttnDownBlock2D",
                    class: "UNet2DConditionModel", file: "unet/config.json"))
    }

    @Test(arguments: [
        "ResnetUpsampleBlock2D", "AttnUpBlock2D", "SimpleCrossAttnUpBlock2D", "SkipUpBlock2D", "AttnSkipUpBlock2D",
        "UpDecoderBlock2D", "AttnUpDecoderBlock2D", "KUpBlock2D", "KCrossAttnUpBlock2D", "DownBlock2D",
    ]) func otherUpBlocks(_ block: String) throws {
        let error = #expect(throws: ArchitectureError.self) {
            try Self.unet.config(["up_block_types": "[\"UpBlock2D\", \"\(block)\"]"])
        }
        #expect(
            error
                == .unsupported(
                    parameter: "up_block_types", value: block, supported: "UpBlock2D, CrossAttnUpBlock2D",
                    class: "UNet2DConditionModel", file: "unet/config.json"))
    }

    @Test func defaultsAreDiffusers() throws {
        let config = try UNet2DConditionConfig(
            ConfigReader(.object(JSONObject()), className: "UNet2DConditionModel", file: "config.json"))
        #expect(config.sampleSize == nil)
        #expect(config.blockOutChannels == [320, 640, 1280, 1280])
        #expect(config.downBlocks == [.crossAttention, .crossAttention, .crossAttention, .plain])
        #expect(config.upBlocks == [.plain, .crossAttention, .crossAttention, .crossAttention])
        #expect(config.midBlock == .crossAttention)
        #expect(config.layersPerBlock == [2, 2, 2, 2] && config.attentionHeads == [8, 8, 8, 8])
        #expect(config.crossAttentionDim == [1280, 1280, 1280, 1280])
        #expect(config.timeEmbedChannels == 1280 && config.timeCondProjDim == nil)
        #expect(try Self.unet.config(["sample_size": "[96, 96]"]).sampleSize == 96)
        // Its square is a number of pixels.
        for size in ["8193", "[16777216, 16777216]"] {
            #expect(throws: ArchitectureError.self) { try Self.unet.config(["sample_size": size]) }
        }
    }

    /// Keys that are no parameters: what savers and hubs add.
    @Test func otherKeysAreIgnored() throws {
        let keys = [
            "_class_name": "\"Another\"", "_diffusers_version": "\"0.22\"", "_name_or_path": "5", "torch_dtype": "\"float16\"",
            "quantization_config": "null", "unknown_key": "{}", "decay": "0.9999",
        ]
        #expect(try Self.unet.fingerprint(keys) == Self.unet.fingerprint())
    }

    /// Blocks without attention have no heads that would have to fit.
    @Test func headsCountWhereThereIsAttention() throws {
        let plain = ["down_block_types": #"["DownBlock2D", "DownBlock2D"]"#, "up_block_types": #"["UpBlock2D", "UpBlock2D"]"#]
        let headless = plain.merging(["mid_block_type": "\"UNetMidBlock2D\"", "attention_head_dim": "9"]) { $1 }
        #expect(try Self.unet.config(headless).attentionHeads == [9, 9])
        #expect(throws: ArchitectureError.self) { try Self.unet.config(plain.merging(["attention_head_dim": "9"]) { $1 }) }
        // The finest level, 4 wide, has none.
        #expect(throws: Never.self) { try Self.unet.config(plain.merging(["attention_head_dim": "8"]) { $1 }) }
    }

    @Test func groupsThatDoNotDivide() {
        #expect(throws: GraphError.self) { try Self.unet.fingerprint(["norm_num_groups": "3"]) }
    }
}
