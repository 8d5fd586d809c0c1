@testable import Architectures
import ModelGraph
import TensorStore
import Testing

/// Every parameter of transformers 5.23's `CLIPTextConfig`: supported and honoured, without effect on inference, or refused.
@Suite struct CLIPTextConfigTests {
    static let names = [
        "vocab_size", "hidden_size", "intermediate_size", "projection_dim", "num_hidden_layers", "num_attention_heads",
        "max_position_embeddings", "hidden_act", "layer_norm_eps", "attention_dropout", "initializer_range", "initializer_factor",
        "pad_token_id", "bos_token_id", "eos_token_id",
    ]

    static let clip = ConfigClass(
        className: "CLIPTextModel",
        base: [
            "vocab_size": "20", "hidden_size": "8", "intermediate_size": "16", "num_hidden_layers": "1",
            "num_attention_heads": "2", "max_position_embeddings": "8", "eos_token_id": "19",
        ],
        read: { try CLIPTextConfig($0) },
        graph: { try CLIPTextModel($0).graph($1, batch: 1, tokens: 4, outputs: .init(hiddenStates: true, pooled: true)) })

    static let parameters: [ConfigParameter] = [
        .init("vocab_size", ["30"], refused: absurdSizes),
        .init("hidden_size", ["12"], refused: absurdSizes + ["9"]),
        .init("intermediate_size", ["20"], refused: absurdSizes),
        .init("projection_dim", ["16", "null"], .elsewhere, refused: ["0", "-1", "\"16\""]),
        .init("num_hidden_layers", ["2"], refused: absurdSizes + ["1025"]),
        .init("num_attention_heads", ["4"], refused: absurdSizes + ["3"]),
        .init("max_position_embeddings", ["16"], refused: absurdSizes),
        .init(
            "hidden_act", ["\"gelu\"", "\"silu\"", "\"relu\"", "\"mish\""],
            refused: ["\"gelu_new\"", "\"gelu_pytorch_tanh\"", "\"tanh\"", "null", "1"]),
        .init("layer_norm_eps", ["1e-3"], refused: ["null", "-1", "\"1e-5\""]),
        .inert("attention_dropout", "0.1"),
        .inert("initializer_range", "0.1"),
        .inert("initializer_factor", "2.0"),
        .inert("pad_token_id", "5"),
        .inert("bos_token_id", "5"),
        .init("eos_token_id", ["7", "2"], refused: ["null", "-1", "[19]", "\"19\"", "1000000000000"]),
    ]

    @Test func everyParameterIsTried() {
        #expect(Set(Self.parameters.map(\.name)) == Set(Self.names))
    }

    @Test(arguments: parameters) func parameter(_ parameter: ConfigParameter) throws { try Self.clip.check(parameter) }

    @Test func nothingTraps() { Self.clip.checkNothingTraps(Self.names + ["use_attention_mask"]) }

    @Test func defaultsAreTransformers() throws {
        let config = try CLIPTextConfig(ConfigReader(.object(JSONObject()), className: "CLIPTextModel", file: "config.json"))
        #expect(config.vocabSize == 49408 && config.hiddenSize == 512 && config.intermediateSize == 2048)
        #expect(config.projectionDim == 512 && config.numHiddenLayers == 12 && config.numAttentionHeads == 8)
        #expect(config.maxPositionEmbeddings == 77 && config.hiddenActivation == .quickGELU && config.eosTokenID == 49407)
        #expect(try Self.clip.config(["projection_dim": "null"]).projectionDim == nil)
        #expect(try Self.clip.config(["projection_dim": "16"]).projectionDim == 16)
    }

    /// Keys of every transformers config, and what older versions wrote.
    @Test func otherKeysAreIgnored() throws {
        let keys = [
            "architectures": "[\"CLIPTextModel\"]", "_name_or_path": "\"a\"", "torch_dtype": "\"float16\"", "dtype": "null",
            "transformers_version": "\"4.35.2\"", "model_type": "\"clip_text_model\"", "dropout": "0.0", "return_dict": "true",
            "output_hidden_states": "false", "id2label": "{\"0\": \"LABEL_0\"}", "chunk_size_feed_forward": "0",
            "is_encoder_decoder": "false", "problem_type": "null", "use_bfloat16": "false", "num_beams": "1", "top_k": "50",
        ]
        #expect(try Self.clip.fingerprint(keys) == Self.clip.fingerprint())
    }

    /// Some pipelines of diffusers then mask padding, which this network does not.
    @Test func attentionMaskIsRefused() throws {
        #expect(throws: ArchitectureError.self) { try Self.clip.config(["use_attention_mask": "true"]) }
        #expect(try Self.clip.fingerprint(["use_attention_mask": "false"]) == Self.clip.fingerprint())
    }

    @Test func moreTokensThanPositions() throws {
        let recorder = TensorRecorder(placeholder: try MappedFile(path: #filePath))
        let model = CLIPTextModel(try Self.clip.config())
        #expect(throws: ArchitectureError.self) { try model.graph(Weights(recording: recorder), batch: 1, tokens: 9) }
    }
}
