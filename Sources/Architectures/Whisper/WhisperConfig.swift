public import TensorStore

/// Parameters of transformers' `WhisperForConditionalGeneration` in config.json.
public struct WhisperConfig: Sendable {
    /// Size of a token's state in both networks.
    public let width: Int
    public let vocabSize: Int
    public let numMelBins: Int
    public let encoderLayers: Int
    public let encoderAttentionHeads: Int
    public let encoderFFNDim: Int
    public let decoderLayers: Int
    public let decoderAttentionHeads: Int
    public let decoderFFNDim: Int
    /// Positions of the encoder, each of which is two frames of the spectrogram.
    public let maxSourcePositions: Int
    /// Tokens of a text, prompt included.
    public let maxTargetPositions: Int
    public let activation: Activation
    /// Whether the embeddings of tokens also compute the logits.
    public let tiesWordEmbeddings: Bool

    /// Channels of a head of the decoder.
    public var decoderHeadWidth: Int { width / decoderAttentionHeads }

    public static let className = "WhisperForConditionalGeneration"

    /// Token ids are not read: those of generation_config.json take precedence over config.json's.
    /// - Throws: `ArchitectureError` naming the unsupported or invalid parameter.
    public init(_ reader: ConfigReader) throws(ArchitectureError) {
        let layers = 1...1024
        // Positions that are not in the checkpoint are computed, so their number is bounded.
        let positions = 1...1 << 13
        width = try reader.integer("d_model", default: 384, in: 2...1 << 14)
        vocabSize = try reader.integer("vocab_size", default: 51865)
        numMelBins = try reader.integer("num_mel_bins", default: 80)
        encoderLayers = try reader.integer("encoder_layers", default: 4, in: layers)
        encoderAttentionHeads = try reader.integer("encoder_attention_heads", default: 6)
        encoderFFNDim = try reader.integer("encoder_ffn_dim", default: 1536)
        decoderLayers = try reader.integer("decoder_layers", default: 4, in: layers)
        decoderAttentionHeads = try reader.integer("decoder_attention_heads", default: 6)
        decoderFFNDim = try reader.integer("decoder_ffn_dim", default: 1536)
        maxSourcePositions = try reader.integer("max_source_positions", default: 1500, in: positions)
        maxTargetPositions = try reader.integer("max_target_positions", default: 448, in: positions)
        activation = try reader.choice("activation_function", default: .gelu, synonyms: ["swish": .silu])
        tiesWordEmbeddings = try reader.flag("tie_word_embeddings", default: true)
        guard width % 2 == 0 else { throw reader.inconsistent("d_model \(width) must be even, for sines and cosines") }
        // `scale_embedding` is not used by the reference either; `*_dropout`, `*_layerdrop` and `mask_*` belong to training.
        for (name, heads) in [
            ("encoder_attention_heads", encoderAttentionHeads), ("decoder_attention_heads", decoderAttentionHeads),
        ] where width % heads != 0 {
            throw reader.inconsistent("d_model \(width) must be a multiple of \(name) \(heads)")
        }
    }
}
