public import ModelGraph
public import TensorStore

extension WhisperModel {
    /// Sizes of the decoder's tensors. Sizes that vary between runs are dynamic: one compiled network then takes prompts and
    /// steps of any number of beams.
    public struct DecoderSizes: Sendable {
        public var windows: Dimension
        /// Tokens of a run: a prompt, or one token of each beam.
        public var tokens: Dimension
        /// Tokens of earlier runs; nil for a network without a cache, which takes whole texts.
        public var cacheLength: Dimension?
        /// Positions of the encoder.
        public var positions: Dimension

        public init(
            windows: Dimension = 1, tokens: Dimension = .any, cacheLength: Dimension? = .any, positions: Dimension = .any
        ) {
            self.windows = windows
            self.tokens = tokens
            self.cacheLength = cacheLength
            self.positions = positions
        }
    }

    /// The network that writes; transformers' `WhisperDecoder` and the product with the embeddings.
    ///
    /// A run takes N tokens of each window, of which masks say what each attends to: to earlier tokens of a prompt, or as one of
    /// several beams to its own history. So beams share the keys and values of the sound and of their common beginning, and
    /// nothing moves when they change places. `WhisperCache` keeps keys and values between runs, and makes the masks.
    ///
    /// Inputs, where S is the cache's length:
    /// - `input_ids` i64 `[W, N]`, and `position_ids` i64 `[W, N]`, each token's place in its text.
    /// - `token_mask` f32 `[W, N, N]` and `cache_mask` f32 `[W, N, S]`, added to scores: 0 to attend, a large negative number not
    ///   to. Each token must attend to one at least.
    /// - `logit_rows` i64 `[R]`, the tokens, of 0..<N, whose logits are computed.
    /// - `cross_keys.L` f32 `[W, heads, headWidth, positions]` and `cross_values.L` `[W, heads, positions, headWidth]` for each layer
    ///   L, which `encoder` computes.
    /// - `cached_keys.L` and `cached_values.L` f32 `[W, heads, S, headWidth]`.
    ///
    /// Outputs: `logits` `[W, R, vocab]`; `keys.L` and `values.L` `[W, heads, N, headWidth]`, to be cached.
    ///
    /// - Parameter alignmentHeads: heads whose scores of the sound are also computed, for the times of words: the output
    ///   `alignment_scores` `[W, alignmentHeads, N, positions]`, before softmax.
    /// - Throws: `ArchitectureError` where the checkpoint does not fit the config, or the model does not have a head.
    public func decoder(
        _ weights: Weights, _ sizes: DecoderSizes = DecoderSizes(), alignmentHeads: [AlignmentHead] = []
    ) throws -> Graph {
        try check(alignmentHeads, file: weights.source)
        var builder = builder("decoder", weights)
        let inputs = try DecoderInputs(sizes, &builder.graph)
        var hidden = try embedded(inputs, &builder)
        for layer in 0..<config.decoderLayers {
            hidden = try selfAttention(hidden, layer, inputs, &builder)
            hidden = try crossAttention(hidden, layer, inputs, &builder)
            hidden = try builder.whisperFeedForward(
                hidden, "decoder.layers.\(layer)", width: config.width, inner: config.decoderFFNDim,
                activation: config.activation)
        }
        hidden = try builder.graph.gather(hidden, inputs.logitRows, axis: 1)
        hidden = try builder.layerNorm(hidden, "decoder.layer_norm", config.width, epsilon: Self.epsilon)
        let table = try builder.weight(
            config.tiesWordEmbeddings ? Self.embeddings : "proj_out.weight", [config.vocabSize, config.width])
        builder.graph.result(try builder.graph.matMul(hidden, table, transposeB: true, name: "proj_out/MatMul"), name: "logits")
        return try adding(alignmentHeads, to: builder.graph)
    }

    private static let embeddings = "decoder.embed_tokens.weight"

    /// The embeddings of tokens and positions: `[W, N, width]`.
    private func embedded(_ inputs: DecoderInputs, _ builder: inout NetworkBuilder) throws -> Value {
        // Rows are gathered before the conversion: the table is far larger than the rows of a run.
        let table = try builder.weights.entry(Self.embeddings, [config.vocabSize, config.width])
        let stored = builder.graph.constant(table.data, table.elementType, table.shape, name: "\(Self.embeddings)/stored")
        let rows = try builder.graph.gather(stored, inputs.tokens)
        let tokens = table.elementType == .f32 ? rows : builder.graph.convert(rows, to: .f32)
        let positions = try builder.weight("decoder.embed_positions.weight", [config.maxTargetPositions, config.width])
        return try builder.graph.add(
            tokens, builder.graph.gather(positions, inputs.places), name: "decoder.embed_positions/Add")
    }

    /// Attention to a run's own tokens and to those of the cache: x `[W, N, width]`.
    private func selfAttention(
        _ x: Value, _ layer: Int, _ inputs: DecoderInputs, _ builder: inout NetworkBuilder
    ) throws -> Value {
        let (path, width) = ("decoder.layers.\(layer).self_attn", config.width)
        let normal = try builder.layerNorm(x, "\(path)_layer_norm", width, epsilon: Self.epsilon)
        let query = try scaledQuery(normal, path, &builder)
        let keys = try builder.projectedHeads(normal, "\(path).k_proj", decoderAttention, bias: false)
        let values = try builder.projectedHeads(normal, "\(path).v_proj", decoderAttention)
        builder.graph.result(keys, name: WhisperTensors.keys(layer))
        builder.graph.result(values, name: WhisperTensors.values(layer))
        let scores = try builder.graph.add(
            builder.graph.matMul(query, keys, transposeB: true, name: "\(path)/scores"), inputs.tokenMask)
        let attended: Value
        if let length = inputs.sizes.cacheLength, let mask = inputs.cacheMask {
            let shape = decoderHeads(inputs.sizes.windows, length)
            let cachedKeys = builder.graph.parameter(WhisperTensors.cachedKeys(layer), .f32, shape)
            let cachedValues = builder.graph.parameter(WhisperTensors.cachedValues(layer), .f32, shape)
            let cachedScores = try builder.graph.add(
                builder.graph.matMul(query, cachedKeys, transposeB: true, name: "\(path)/cachedScores"), mask)
            // Only scores are joined: joining keys and values would copy the cache.
            let joined = try builder.graph.softmax(builder.graph.concatenate([cachedScores, scores], axis: 3), axis: 3)
            let place = try builder.graph.gather(builder.graph.shapeOf(cachedKeys), builder.graph.integers([2]))
            let (old, new) = try builder.graph.split(joined, axis: 3, at: place, name: "\(path)/VariadicSplit")
            attended = try builder.graph.add(
                builder.graph.matMul(old, cachedValues, name: "\(path)/cachedAttended"),
                builder.graph.matMul(new, values, name: "\(path)/attended"))
        } else {
            attended = try builder.graph.matMul(
                builder.graph.softmax(scores, axis: 3), values, name: "\(path)/attended")
        }
        return try residual(x, attended, path, &builder)
    }

    /// Attention to the sound: x `[W, N, width]`.
    ///
    /// For the few tokens of a step, two products are faster than the CPU plugin's ScaledDotProductAttention. Softmax is written
    /// out, its division after the second product: around the plain operation, the plugin makes one kernel of both products, which
    /// takes twice as long because it packs keys and values anew in each run.
    private func crossAttention(
        _ x: Value, _ layer: Int, _ inputs: DecoderInputs, _ builder: inout NetworkBuilder
    ) throws -> Value {
        let (path, width) = (Self.crossAttentionPath(layer), config.width)
        let normal = try builder.layerNorm(x, "\(path)_layer_norm", width, epsilon: Self.epsilon)
        let query = try scaledQuery(normal, path, &builder)
        let (windows, positions) = (inputs.sizes.windows, inputs.sizes.positions)
        let (heads, headWidth) = (Dimension.fixed(config.decoderAttentionHeads), Dimension.fixed(config.decoderHeadWidth))
        let keys = builder.graph.parameter(WhisperTensors.crossKeys(layer), .f32, [windows, heads, headWidth, positions])
        let values = builder.graph.parameter(WhisperTensors.crossValues(layer), .f32, [windows, heads, positions, headWidth])
        let scores = try builder.graph.matMul(query, keys, name: "\(path)/scores")
        let highest = try builder.graph.reduce(.maximum, scores, axes: [3], keepsAxes: true)
        let powers = try builder.graph.unary(.exp, builder.graph.binary(.subtract, scores, highest))
        let attended = try builder.graph.binary(
            .divide, builder.graph.matMul(powers, values, name: "\(path)/attended"),
            builder.graph.reduce(.sum, powers, axes: [3], keepsAxes: true))
        return try residual(x, attended, path, &builder)
    }

    /// Attended values of all heads, projected and added to x `[W, N, width]`.
    private func residual(
        _ x: Value, _ attended: Value, _ path: String, _ builder: inout NetworkBuilder
    ) throws -> Value {
        let merged = try builder.mergedHeads(attended, path, config.width)
        let out = try builder.linear(merged, "\(path).out_proj", config.width, config.width)
        return try builder.graph.add(x, out, name: "\(path)/AddResidual")
    }

    /// `[windows, heads, length, headWidth]`.
    private func decoderHeads(_ windows: Dimension, _ length: Dimension) -> PartialShape {
        [windows, .fixed(config.decoderAttentionHeads), length, .fixed(config.decoderHeadWidth)]
    }

    /// Queries over the root of a head's channels: `[W, heads, N, headWidth]`.
    private func scaledQuery(_ x: Value, _ path: String, _ builder: inout NetworkBuilder) throws -> Value {
        let query = try builder.projectedHeads(x, "\(path).q_proj", decoderAttention)
        return try builder.graph.multiply(query, by: 1 / Float(config.decoderHeadWidth).squareRoot())
    }
}

/// The inputs that all layers read.
private struct DecoderInputs {
    let sizes: WhisperModel.DecoderSizes
    let tokens: Value
    let places: Value
    /// `[W, 1, N, N]`.
    let tokenMask: Value
    /// `[W, 1, N, S]`; nil without a cache.
    let cacheMask: Value?
    let logitRows: Value

    init(_ sizes: WhisperModel.DecoderSizes, _ graph: inout Graph) throws {
        self.sizes = sizes
        let shape: PartialShape = [sizes.windows, sizes.tokens]
        tokens = graph.parameter("input_ids", .i64, shape)
        places = graph.parameter("position_ids", .i64, shape)
        // All heads have one mask.
        let own = graph.parameter("token_mask", .f32, [sizes.windows, sizes.tokens, sizes.tokens])
        tokenMask = try graph.unsqueeze(own, [1])
        cacheMask = try sizes.cacheLength.map { length in
            let mask = graph.parameter("cache_mask", .f32, [sizes.windows, sizes.tokens, length])
            return try graph.unsqueeze(mask, [1])
        }
        logitRows = graph.parameter("logit_rows", .i64, [.any])
    }
}
