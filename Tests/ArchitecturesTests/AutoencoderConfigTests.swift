@testable import Architectures
import ModelGraph
import TensorStore
import Testing

/// Every parameter of diffusers 0.42's `AutoencoderKL.__init__`.
@Suite struct AutoencoderKLConfigTests {
    static let names = [
        "in_channels", "out_channels", "down_block_types", "up_block_types", "block_out_channels", "layers_per_block", "act_fn",
        "latent_channels", "norm_num_groups", "sample_size", "scaling_factor", "shift_factor", "latents_mean", "latents_std",
        "force_upcast", "use_quant_conv", "use_post_quant_conv", "mid_block_add_attention",
    ]

    static let kl = ConfigClass(
        className: "AutoencoderKL",
        base: [
            "block_out_channels": "[4, 8]", "norm_num_groups": "2",
            "down_block_types": #"["DownEncoderBlock2D", "DownEncoderBlock2D"]"#,
            "up_block_types": #"["UpDecoderBlock2D", "UpDecoderBlock2D"]"#,
        ],
        read: { try AutoencoderKLConfig($0) }, graph: { try bothWays(AutoencoderKL($0), $1) })

    static let parameters: [ConfigParameter] = [
        .init("in_channels", ["1"], refused: absurdSizes),
        .init("out_channels", ["4"], refused: absurdSizes),
        .init(
            "down_block_types",
            refused: [
                "null", #"["DownEncoderBlock2D"]"#, #"["DownEncoderBlock2D", "AttnDownEncoderBlock2D"]"#, "[]",
                #"["DownBlock2D", "DownBlock2D"]"#, "1",
            ]),
        .init(
            "up_block_types",
            refused: [
                "null", #"["UpDecoderBlock2D"]"#, #"["UpDecoderBlock2D", "AttnUpDecoderBlock2D"]"#, "[]",
                #"["UpBlock2D", "UpBlock2D"]"#,
                "1",
            ]),
        .init("block_out_channels", ["[4, 12]"], refused: ["null", "4", "[4]", "[]", "[0, 8]", "[4, -8]", "[4, 1000000000000]"]),
        .init("layers_per_block", ["2"], refused: absurdSizes + ["65"]),
        .init("act_fn", ["\"gelu\"", "\"relu\"", "\"mish\""], refused: ["\"tanh\"", "null", "1"]),
        .init("act_fn", ["\"swish\""], .none),
        .init("latent_channels", ["16"], refused: absurdSizes),
        .init("norm_num_groups", ["4"], refused: absurdSizes),
        .inert("sample_size", "512", "[512, 256]"),
        .init("scaling_factor", ["0.5", "1"], .elsewhere, refused: ["null", "0", "\"1\"", "1e+300"]),
        .init("shift_factor", ["0.5", "null"], .elsewhere, refused: ["\"1\"", "1e+300"]),
        .init("latents_mean", ["null"], .none, refused: ["[0, 0, 0, 0]", "0"]),
        .init("latents_std", ["null"], .none, refused: ["[1, 1, 1, 1]", "1"]),
        .inert("force_upcast", "true", "false"),
        .init("use_quant_conv", ["false", "null"], refused: ["0", "\"false\""]),
        .init("use_post_quant_conv", ["false", "null"], refused: ["0", "\"false\""]),
        .init("mid_block_add_attention", ["false", "null"], refused: ["0", "\"false\""]),
    ]

    @Test func everyParameterIsTried() { #expect(Set(Self.parameters.map(\.name)) == Set(Self.names)) }

    @Test(arguments: parameters) func parameter(_ parameter: ConfigParameter) throws { try Self.kl.check(parameter) }

    @Test func nothingTraps() { Self.kl.checkNothingTraps(Self.names) }

    @Test func factors() throws {
        let config = try Self.kl.config(["scaling_factor": "0.13025", "shift_factor": "0.5"])
        #expect(config.scalingFactor == 0.13025 && config.shiftFactor == 0.5 && config.spatialFactor == 2)
        #expect(try Self.kl.config(["shift_factor": "null"]).shiftFactor == 0)
        // Sizes of pictures are products with this factor.
        let many = { (part: String) in "[" + Array(repeating: part, count: 64).joined(separator: ", ") + "]" }
        #expect(throws: ArchitectureError.self) {
            try Self.kl.config([
                "down_block_types": many("\"DownEncoderBlock2D\""), "up_block_types": many("\"UpDecoderBlock2D\""),
                "block_out_channels": many("32"),
            ])
        }
        #expect(try Self.kl.config().scalingFactor == 0.18215)
    }

    @Test func otherKeysAreIgnored() throws {
        #expect(try Self.kl.fingerprint(["_class_name": "\"X\"", "_name_or_path": "1", "x": "{}"]) == Self.kl.fingerprint())
    }
}

/// Every parameter of diffusers 0.42's `AutoencoderTiny.__init__`.
@Suite struct AutoencoderTinyConfigTests {
    static let names = [
        "in_channels", "out_channels", "encoder_block_out_channels", "decoder_block_out_channels", "act_fn", "upsample_fn",
        "latent_channels", "upsampling_scaling_factor", "num_encoder_blocks", "num_decoder_blocks", "latent_magnitude",
        "latent_shift", "force_upcast", "scaling_factor", "shift_factor",
    ]

    static let tiny = ConfigClass(
        className: "AutoencoderTiny",
        base: [
            "encoder_block_out_channels": "[4, 4]", "decoder_block_out_channels": "[4, 4]", "num_encoder_blocks": "[1, 1]",
            "num_decoder_blocks": "[1, 1]",
        ],
        read: { try AutoencoderTinyConfig($0) }, graph: { try bothWays(AutoencoderTiny($0), $1) })

    private static let lists = ["null", "1", "[]", "[1]", "[-1, 1]", "[1, 1000000000000]", "\"x\"", "[1, 1.5]", "[null, 1]"]

    static let parameters: [ConfigParameter] = [
        .init("in_channels", ["1"], refused: absurdSizes),
        .init("out_channels", ["4"], refused: absurdSizes),
        .init("encoder_block_out_channels", ["[6, 6]"], refused: lists + ["[4, 6]", "[0, 0]"]),
        .init("decoder_block_out_channels", ["[6, 6]"], refused: lists + ["[4, 6]", "[0, 0]"]),
        .init("act_fn", ["\"silu\"", "\"gelu\"", "\"mish\""], refused: ["\"tanh\"", "null", "1"]),
        .init("upsample_fn", ["\"nearest\""], .none, refused: ["\"bilinear\"", "null", "1"]),
        .init("latent_channels", ["16"], refused: absurdSizes),
        .init("upsampling_scaling_factor", ["3", "1"], refused: absurdSizes + ["17"]),
        .init("num_encoder_blocks", ["[2, 1]", "[0, 1]"], refused: lists + ["[1, 65]"]),
        .init("num_decoder_blocks", ["[2, 1]", "[0, 1]"], refused: lists + ["[1, 65]"]),
        .inert("latent_magnitude", "5"),
        .inert("latent_shift", "0.1"),
        .inert("force_upcast", "true"),
        .init("scaling_factor", ["0.5"], .elsewhere, refused: ["null", "0", "\"1\"", "1e+300"]),
        .init("shift_factor", ["0.5", "null"], .elsewhere, refused: ["\"1\"", "1e+300"]),
    ]

    @Test func everyParameterIsTried() { #expect(Set(Self.parameters.map(\.name)) == Set(Self.names)) }

    @Test(arguments: parameters) func parameter(_ parameter: ConfigParameter) throws { try Self.tiny.check(parameter) }

    @Test func nothingTraps() { Self.tiny.checkNothingTraps(Self.names) }

    @Test func factors() throws {
        let config = try Self.tiny.config(["scaling_factor": "2", "upsampling_scaling_factor": "3"])
        #expect(config.scalingFactor == 2 && config.spatialFactor == 3)
        let plain = try AutoencoderTinyConfig(ConfigReader(.object(JSONObject()), className: "AutoencoderTiny", file: "c"))
        #expect(plain.spatialFactor == 8 && plain.scalingFactor == 1 && plain.numDecoderBlocks == [3, 3, 3, 1])
        #expect(throws: ArchitectureError.self) {
            try Self.tiny.config([
                "upsampling_scaling_factor": "16", "num_decoder_blocks": "[1, 1, 1, 1, 1, 1, 1, 1]",
                "decoder_block_out_channels": "[4, 4, 4, 4, 4, 4, 4, 4]",
            ])
        }
    }
}

/// Encoder and decoder in one graph, so that a change of either shows.
private func bothWays(_ network: some LatentAutoencoder, _ weights: Weights) throws -> Graph {
    let encoder = try network.encoder(weights, batch: 1, height: 16, width: 16)
    var graph = try network.decoder(weights, batch: 1, height: 4, width: 4)
    let offset = graph.nodes.count
    for var node in encoder.nodes {
        node.name = "encoder/\(node.name)"
        node.inputs = node.inputs.map {
            Value(node: $0.node + offset, port: $0.port, elementType: $0.elementType, shape: $0.shape)
        }
        graph.append(node)
    }
    return graph
}
