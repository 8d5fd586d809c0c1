public import ModelGraph
public import TensorStore

/// The network that encodes a text's tokens to states that guide pictures; transformers' `CLIPTextModel` and
/// `CLIPTextModelWithProjection`.
public struct CLIPTextModel: Sendable {
    public let config: CLIPTextConfig

    public init(_ config: CLIPTextConfig) { self.config = config }

    /// The outputs to compute in addition to the last states.
    public struct Outputs: Sendable {
        /// The states before each layer and after the last, before the final normalization: `hidden_states.0` …
        public var hiddenStates = false
        /// The state at the end-of-text token, `pooler_output` `[B, hidden]`; projected, it is `text_embeds` `[B, projection]`.
        public var pooled = false
        /// The number of layers to run before the final normalization; nil for all.
        public var layerCount: Int?

        public init(hiddenStates: Bool = false, pooled: Bool = false, layerCount: Int? = nil) {
            self.hiddenStates = hiddenStates
            self.pooled = pooled
            self.layerCount = layerCount
        }
    }

    /// Input `input_ids` i64 `[batch, tokens]`; output `last_hidden_state` `[batch, tokens, hidden]` and the requested `outputs`.
    ///
    /// Tensor names may have transformers' prefix `text_model.` or not.
    /// - Throws: `ArchitectureError` where the checkpoint does not fit the config or there are more tokens than positions.
    public func graph(_ weights: Weights, batch: Dimension, tokens: Int, outputs: Outputs = Outputs()) throws -> Graph {
        guard tokens <= config.maxPositionEmbeddings else {
            throw ArchitectureError.inconsistent(
                "\(tokens) tokens are more than max_position_embeddings = \(config.maxPositionEmbeddings)",
                class: "CLIPTextModel",
                file: weights.source)
        }
        let prefix = "text_model."
        var builder = NetworkBuilder(
            "text_encoder", weights: weights.renamed { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 })
        let ids = builder.graph.parameter("input_ids", .i64, [batch, .fixed(tokens)])
        let width = config.hiddenSize

        var hidden = try embeddings(ids, tokens, &builder)
        // Each token attends to itself and earlier tokens.
        let layer = CLIPEncoderShape(
            channels: width, heads: config.numAttentionHeads, intermediateChannels: config.intermediateSize,
            activation: config.hiddenActivation, epsilon: config.layerNormEpsilon, causal: true)
        let layerCount = min(outputs.layerCount ?? config.numHiddenLayers, config.numHiddenLayers)
        var states = [hidden]
        for index in 0..<layerCount {
            hidden = try builder.clipEncoderLayer(hidden, "encoder.layers.\(index)", layer)
            states.append(hidden)
        }
        hidden = try builder.layerNorm(hidden, "final_layer_norm", width, epsilon: config.layerNormEpsilon)
        let pooled = outputs.pooled ? try pooled(hidden, ids, tokens, &builder) : nil
        let projected = try pooled.flatMap { try projection($0, &builder) }

        // The order of optimum-intel's exports, whose readers count outputs.
        if let projected { builder.graph.result(projected, name: "text_embeds") }
        builder.graph.result(hidden, name: "last_hidden_state")
        if let pooled, projected == nil { builder.graph.result(pooled, name: "pooler_output") }
        if outputs.hiddenStates {
            for (index, state) in states.enumerated() { builder.graph.result(state, name: "hidden_states.\(index)") }
        }
        if let pooled, projected != nil { builder.graph.result(pooled, name: "pooler_output") }
        return builder.graph
    }

    /// The projected state, `[B, projection]`; nil for an encoder without a projection.
    private func projection(_ pooled: Value, _ builder: inout NetworkBuilder) throws -> Value? {
        guard let projection = config.projectionDim, builder.weights.contains("text_projection.weight") else { return nil }
        return try builder.linear(pooled, "text_projection", config.hiddenSize, projection, bias: false)
    }

    /// Embeddings of tokens and positions: i64 `[B, N]` to `[B, N, hidden]`.
    private func embeddings(_ ids: Value, _ tokens: Int, _ builder: inout NetworkBuilder) throws -> Value {
        let width = config.hiddenSize
        let embedded = try builder.embedding(ids, "embeddings.token_embedding.weight", config.vocabSize, width)
        let positions = try builder.weight(
            "embeddings.position_embedding.weight", [config.maxPositionEmbeddings, width],
            rows: tokens == config.maxPositionEmbeddings ? nil : 0..<tokens)
        return try builder.graph.add(embedded, positions, name: "embeddings/Add")
    }

    /// The state at the first end-of-text token, `[B, hidden]`.
    ///
    /// Configs older than transformers' pull request 24773 have `eos_token_id` 2 and mean the largest id.
    private func pooled(_ hidden: Value, _ ids: Value, _ tokens: Int, _ builder: inout NetworkBuilder) throws -> Value {
        let ranked: Value
        if config.eosTokenID == 2 {
            ranked = builder.graph.convert(ids, to: .i32)
        } else {
            let end = builder.graph.constant([Int64(config.eosTokenID)], shape: [1])
            ranked = builder.graph.convert(try builder.graph.equal(ids, end), to: .i32)
        }
        let place = try builder.graph.argMax(ranked, axis: 1) // [B, 1]
        // A product with ones and zeros: the CPU plugin's Gather of one row a batch reads beyond its indices.
        let places = builder.graph.constant((0..<tokens).map(Int64.init), shape: [1, tokens])
        let chosen = builder.graph.convert(try builder.graph.equal(place, places), to: .f32) // [B, tokens]
        let row = try builder.graph.matMul(builder.graph.unsqueeze(chosen, [1]), hidden) // [B, 1, hidden]
        return try builder.graph.reshape(row, to: [0, config.hiddenSize])
    }
}

/// Parameters of transformers' `CLIPTextModel` in config.json.
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

    /// - Throws: `ArchitectureError` naming the unsupported or invalid parameter.
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

/// Sizes of the layers of CLIP's two encoders; transformers' `CLIPEncoderLayer`.
struct CLIPEncoderShape {
    let channels: Int
    let heads: Int
    let intermediateChannels: Int
    let activation: Activation
    let epsilon: Double
    /// Whether each token attends only to itself and earlier tokens, as in texts.
    let causal: Bool
}

extension NetworkBuilder {
    /// Self-attention, then two linear layers, each with layer normalization before and a residual connection: `[B, N,
    /// channels]`.
    mutating func clipEncoderLayer(_ x: Value, _ path: String, _ shape: CLIPEncoderShape) throws -> Value {
        let width = shape.channels
        var normal = try layerNorm(x, "\(path).layer_norm1", width, epsilon: shape.epsilon)
        let attended = try clipAttention(normal, "\(path).self_attn", shape)
        let hidden = try graph.add(x, attended, name: "\(path).self_attn/AddResidual")
        normal = try layerNorm(hidden, "\(path).layer_norm2", width, epsilon: shape.epsilon)
        let inner = try linear(normal, "\(path).mlp.fc1", width, shape.intermediateChannels)
        let active = try activation(inner, shape.activation, "\(path).mlp.fc1")
        let outer = try linear(active, "\(path).mlp.fc2", shape.intermediateChannels, width)
        return try graph.add(hidden, outer, name: "\(path).mlp/AddResidual")
    }

    private mutating func clipAttention(_ x: Value, _ path: String, _ shape: CLIPEncoderShape) throws -> Value {
        let width = shape.channels
        let sizes = AttentionShape(channels: width, heads: shape.heads, headDimension: width / shape.heads, bias: true)
        let query = try heads(linear(x, "\(path).q_proj", width, width), "\(path).q_proj", sizes)
        let key = try heads(linear(x, "\(path).k_proj", width, width), "\(path).k_proj", sizes)
        let value = try heads(linear(x, "\(path).v_proj", width, width), "\(path).v_proj", sizes)
        let attended = try graph.scaledDotProductAttention(
            query, key, value, causal: shape.causal, name: "\(path)/ScaledDotProductAttention")
        return try linear(mergedHeads(attended, path, width), "\(path).out_proj", width, width)
    }
}
