public import TensorStore

/// Parameters of transformers' `CLIPTextModel`, as its config.json gives them.
public struct CLIPTextConfig: Sendable {
    public let vocabSize: Int
    public let hiddenSize: Int
    public let intermediateSize: Int
    public let projectionDim: Int?
    public let numHiddenLayers: Int
    public let numAttentionHeads: Int
    public let maxPositionEmbeddings: Int
    public let hiddenActivation: Activation
    public let layerNormEpsilon: Double
    public let eosTokenID: Int

    static let className = "CLIPTextModel"

    /// - Throws: `ArchitectureError` naming the parameter that is not supported, or makes no sense.
    public init(_ reader: ConfigReader) throws(ArchitectureError) {
        vocabSize = try reader.integer("vocab_size", default: 49408)
        hiddenSize = try reader.integer("hidden_size", default: 512)
        intermediateSize = try reader.integer("intermediate_size", default: 2048)
        projectionDim = reader.isPresent("projection_dim") ? try reader.integer("projection_dim") : 512
        numHiddenLayers = try reader.integer("num_hidden_layers", default: 12, in: 1...1024)
        numAttentionHeads = try reader.integer("num_attention_heads", default: 8)
        maxPositionEmbeddings = try reader.integer("max_position_embeddings", default: 77)
        hiddenActivation = try reader.choice("hidden_act", default: .quickGELU, synonyms: ["swish": .silu])
        layerNormEpsilon = try reader.number("layer_norm_eps", default: 1e-5, in: 0...1)
        eosTokenID = try reader.integer("eos_token_id", default: 49407, in: 0...1 << 24)
        // `attention_dropout`, `initializer_*`, `pad_token_id` and `bos_token_id` change nothing in inference.
        try reader.refuse("use_attention_mask", unless: false)
        guard hiddenSize % numAttentionHeads == 0 else {
            throw reader.inconsistent("hidden_size \(hiddenSize) must be a multiple of num_attention_heads \(numAttentionHeads)")
        }
    }
}
