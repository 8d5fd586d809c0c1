@testable import Architectures
import ModelGraph
import TensorStore
import Testing

/// Every parameter of transformers 5.23's `WhisperConfig`: supported and honoured, or without effect on the networks.
@Suite struct WhisperConfigTests {
    static let names = [
        "vocab_size", "num_mel_bins", "encoder_layers", "encoder_attention_heads", "decoder_layers", "decoder_attention_heads",
        "decoder_ffn_dim", "encoder_ffn_dim", "encoder_layerdrop", "decoder_layerdrop", "decoder_start_token_id", "use_cache",
        "is_encoder_decoder", "activation_function", "d_model", "dropout", "attention_dropout", "activation_dropout", "init_std",
        "scale_embedding", "max_source_positions", "max_target_positions", "pad_token_id", "bos_token_id", "eos_token_id",
        "suppress_tokens", "begin_suppress_tokens", "use_weighted_layer_sum", "classifier_proj_size", "apply_spec_augment",
        "mask_time_prob", "mask_time_length", "mask_time_min_masks", "mask_feature_prob", "mask_feature_length",
        "mask_feature_min_masks", "median_filter_width", "tie_word_embeddings",
    ]

    static let whisper = ConfigClass(
        className: "WhisperForConditionalGeneration",
        base: [
            "vocab_size": "20", "d_model": "8", "encoder_layers": "1", "decoder_layers": "1", "encoder_attention_heads": "2",
            "decoder_attention_heads": "2", "encoder_ffn_dim": "16", "decoder_ffn_dim": "16", "num_mel_bins": "4",
            "max_source_positions": "6", "max_target_positions": "8",
        ],
        read: { try WhisperConfig($0) },
        graph: {
            // The weights record both networks' tensors.
            _ = try WhisperModel($0).decoder($1)
            return try WhisperModel($0).encoder($1)
        })

    static let parameters: [ConfigParameter] = [
        .init("vocab_size", ["30"], refused: absurdSizes),
        .init("num_mel_bins", ["5"], refused: absurdSizes),
        .init("encoder_layers", ["2"], refused: absurdSizes + ["1025"]),
        .init("decoder_layers", ["2"], refused: absurdSizes + ["1025"]),
        .init("encoder_attention_heads", ["4"], refused: absurdSizes + ["3"]),
        .init("decoder_attention_heads", ["4"], refused: absurdSizes + ["3"]),
        .init("encoder_ffn_dim", ["20"], refused: absurdSizes),
        .init("decoder_ffn_dim", ["20"], refused: absurdSizes),
        .init("d_model", ["12"], refused: absurdSizes + ["1", "9", "16386"]),
        .init("max_source_positions", ["7"], refused: absurdSizes + ["8193"]),
        .init("max_target_positions", ["7"], refused: absurdSizes + ["8193"]),
        .init(
            "activation_function", ["\"relu\"", "\"silu\""], refused: ["\"gelu_new\"", "\"tanh\"", "null", "1"]),
        .init("tie_word_embeddings", ["false"], refused: ["null", "1", "\"true\""]),
        .inert("scale_embedding", "true"),
        .inert("encoder_layerdrop", "0.1"), .inert("decoder_layerdrop", "0.1"), .inert("dropout", "0.1"),
        .inert("attention_dropout", "0.1"), .inert("activation_dropout", "0.1"), .inert("init_std", "0.1"),
        .inert("use_cache", "false"), .inert("is_encoder_decoder", "false"), .inert("decoder_start_token_id", "5"),
        .inert("pad_token_id", "5"), .inert("bos_token_id", "5"), .inert("eos_token_id", "5", "[5, 6]"),
        .inert("suppress_tokens", "[1, 2]", "[]"), .inert("begin_suppress_tokens", "[220]"),
        .inert("use_weighted_layer_sum", "true"), .inert("classifier_proj_size", "5"), .inert("apply_spec_augment", "true"),
        .inert("mask_time_prob", "0.1"), .inert("mask_time_length", "5"), .inert("mask_time_min_masks", "5"),
        .inert("mask_feature_prob", "0.1"), .inert("mask_feature_length", "5"), .inert("mask_feature_min_masks", "5"),
        .inert("median_filter_width", "5"),
    ]

    @Test func everyParameterIsTried() {
        #expect(Set(Self.parameters.map(\.name)) == Set(Self.names))
    }

    @Test(arguments: parameters) func parameter(_ parameter: ConfigParameter) throws { try Self.whisper.check(parameter) }

    @Test func nothingTraps() { Self.whisper.checkNothingTraps(Self.names) }

    @Test func defaultsAreTransformers() throws {
        let config = try WhisperConfig(
            ConfigReader(.object(JSONObject()), className: "WhisperForConditionalGeneration", file: "config.json"))
        #expect(config.width == 384 && config.vocabSize == 51865 && config.numMelBins == 80)
        #expect(config.encoderLayers == 4 && config.encoderAttentionHeads == 6 && config.encoderFFNDim == 1536)
        #expect(config.decoderLayers == 4 && config.decoderAttentionHeads == 6 && config.decoderFFNDim == 1536)
        #expect(config.maxSourcePositions == 1500 && config.maxTargetPositions == 448)
        #expect(config.activation == .gelu && config.tiesWordEmbeddings && config.decoderHeadWidth == 64)
    }

    @Test func separateOutputMatrix() throws {
        let recorder = TensorRecorder(placeholder: try MappedFile(path: #filePath))
        _ = try WhisperModel(Self.whisper.config(["tie_word_embeddings": "false"])).decoder(Weights(recording: recorder))
        #expect(recorder.shapes["proj_out.weight"] == [20, 8])
    }
}
