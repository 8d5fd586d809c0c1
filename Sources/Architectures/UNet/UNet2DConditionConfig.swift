public import TensorStore

/// Parameters of diffusers' `UNet2DConditionModel` in config.json.
public struct UNet2DConditionConfig: Sendable {
    public enum DownBlock: String, Sendable, CaseIterable {
        case plain = "DownBlock2D"
        case crossAttention = "CrossAttnDownBlock2D"
    }
    public enum MidBlock: String, Sendable, CaseIterable {
        case plain = "UNetMidBlock2D"
        case crossAttention = "UNetMidBlock2DCrossAttn"
    }
    public enum UpBlock: String, Sendable, CaseIterable {
        case plain = "UpBlock2D"
        case crossAttention = "CrossAttnUpBlock2D"
    }
    /// SDXL's `addition_embed_type: text_time`.
    public struct TextTimeAddition: Sendable {
        /// Channels of the sinusoidal embedding of each of the six numbers.
        public let timeChannels: Int
        /// Channels of the pooled text and the six embeddings together.
        public let inputChannels: Int
    }

    /// Height and width of the latents in training; nil where the config has none.
    public let sampleSize: Int?
    public let inChannels: Int
    public let outChannels: Int
    public let centerInputSample: Bool
    public let flipSinToCos: Bool
    public let frequencyShift: Double
    public let downBlocks: [DownBlock]
    /// nil for none.
    public let midBlock: MidBlock?
    public let upBlocks: [UpBlock]
    /// Finest level first, like all lists of levels.
    public let onlyCrossAttention: [Bool]
    public let blockOutChannels: [Int]
    public let layersPerBlock: [Int]
    public let downsamplePadding: Int
    public let midBlockScaleFactor: Float
    public let activation: Activation
    public let normGroups: Int
    public let normEpsilon: Double
    public let crossAttentionDim: [Int]
    /// The number of transformer layers after each residual layer of each block, in the order of execution.
    public let downTransformerLayers: [[Int]]
    public let midTransformerLayers: Int
    public let upTransformerLayers: [[Int]]
    /// Width of the text encoder's states, if a projection maps them to `crossAttentionDim`.
    public let encoderHidDim: Int?
    /// Attention heads of each level. Configs call this `attention_head_dim`, a name that diffusers keeps for compatibility with
    /// old files.
    public let attentionHeads: [Int]
    public let useLinearProjection: Bool
    public let textTimeAddition: TextTimeAddition?
    /// Whether `resnet_time_scale_shift` is `scale_shift`.
    public let scaleShift: Bool
    public let timeEmbedChannels: Int
    public let timeEmbeddingActivation: Activation?
    public let timestepPostActivation: Activation?
    /// Width of the guidance embedding of latent consistency models.
    public let timeCondProjDim: Int?
    public let convInKernel: Int
    public let convOutKernel: Int

    static let className = "UNet2DConditionModel"
    private static let activationAliases: [String: Activation] = ["swish": .silu]

    /// - Throws: `ArchitectureError` naming the unsupported or invalid parameter.
    public init(_ reader: ConfigReader) throws(ArchitectureError) {
        sampleSize = try reader.squareSize("sample_size")
        inChannels = try reader.integer("in_channels", default: 4)
        outChannels = try reader.integer("out_channels", default: 4)
        centerInputSample = try reader.bool("center_input_sample", default: false)
        flipSinToCos = try reader.bool("flip_sin_to_cos", default: true)
        frequencyShift = try reader.number("freq_shift", default: 0)
        downBlocks = try reader.choices(
            "down_block_types", default: [.crossAttention, .crossAttention, .crossAttention, .plain],
            count: 1...ConfigReader.listLimit)
        midBlock = try Self.midBlock(reader)
        upBlocks = try reader.choices(
            "up_block_types", default: [.plain, .crossAttention, .crossAttention, .crossAttention],
            count: 1...ConfigReader.listLimit)
        blockOutChannels = try reader.integers("block_out_channels", default: [320, 640, 1280, 1280])
        let levels = downBlocks.count
        guard upBlocks.count == levels, blockOutChannels.count == levels else {
            throw reader.inconsistent(
                "down_block_types (\(levels)), up_block_types (\(upBlocks.count)) and block_out_channels "
                    + "(\(blockOutChannels.count)) must be of one length")
        }
        onlyCrossAttention = try reader.flags("only_cross_attention", default: false, count: levels)
        layersPerBlock = try reader.perBlock("layers_per_block", default: 2, count: levels, in: 1...1024)
        downsamplePadding = try reader.integer("downsample_padding", default: 1, in: 0...16)
        midBlockScaleFactor = Float(try reader.number("mid_block_scale_factor", default: 1))
        guard midBlockScaleFactor != 0 else { throw reader.inconsistent("mid_block_scale_factor must not be 0") }
        activation = try reader.choice("act_fn", default: .silu, synonyms: Self.activationAliases)
        normGroups = try reader.integer("norm_num_groups", default: 32)
        normEpsilon = try reader.number("norm_eps", default: 1e-5, in: 0...1)
        crossAttentionDim = try reader.perBlock("cross_attention_dim", default: 1280, count: levels)
        attentionHeads = try reader.perBlock("attention_head_dim", default: 8, count: levels)
        useLinearProjection = try reader.bool("use_linear_projection", default: false)

        downTransformerLayers = try reader.perLayer("transformer_layers_per_block", default: 1, layers: layersPerBlock)
        midTransformerLayers = downTransformerLayers[levels - 1][0]
        let upLayers = layersPerBlock.reversed().map { $0 + 1 }
        if reader.isGiven("reverse_transformer_layers_per_block") {
            upTransformerLayers = try reader.perLayer("reverse_transformer_layers_per_block", default: 1, layers: upLayers)
        } else {
            let perBlock = downTransformerLayers.map { Set($0) }
            guard perBlock.allSatisfy({ $0.count == 1 }) else {
                throw reader.inconsistent("transformer_layers_per_block with lists needs reverse_transformer_layers_per_block")
            }
            upTransformerLayers = zip(downTransformerLayers.reversed(), upLayers).map { Array(repeating: $0[0], count: $1) }
        }

        encoderHidDim = try reader.integer("encoder_hid_dim")
        try reader.refuse("encoder_hid_dim_type", unless: "text_proj")
        if reader.isGiven("encoder_hid_dim_type"), encoderHidDim == nil {
            throw reader.inconsistent("encoder_hid_dim_type text_proj needs encoder_hid_dim")
        }
        scaleShift = try reader.choice("resnet_time_scale_shift", default: TimeScaleShift.addition) == .scaleShift
        timeEmbedChannels = try reader.integer("time_embedding_dim") ?? 4 * blockOutChannels[0]
        timeEmbeddingActivation = try reader.choice("time_embedding_act_fn", synonyms: Self.activationAliases)
        timestepPostActivation = try reader.choice("timestep_post_act", synonyms: Self.activationAliases)
        timeCondProjDim = try reader.integer("time_cond_proj_dim")
        convInKernel = try reader.integer("conv_in_kernel", default: 3, in: 1...31)
        convOutKernel = try reader.integer("conv_out_kernel", default: 3, in: 1...31)
        textTimeAddition = try Self.textTimeAddition(reader)

        // `dropout`, `upcast_attention` and `attention_head_dim` for its own sake change nothing in f32 inference, nor do
        // `resnet_skip_time_act`, `resnet_out_scale_factor`, `mid_block_only_cross_attention`, `cross_attention_norm` and
        // `addition_embed_type_num_heads` in the blocks and embeddings that are supported.
        try reader.refuse("num_attention_heads")
        try reader.refuse("dual_cross_attention", unless: false)
        try reader.refuse("class_embed_type")
        try reader.refuse("num_class_embeds")
        try reader.refuse("class_embeddings_concat", unless: false)
        try reader.refuse("time_embedding_type", unless: "positional", orNull: false)
        try reader.refuse("attention_type", unless: "default")
        for (level, heads) in attentionHeads.enumerated() where hasAttention(level) {
            guard blockOutChannels[level] / heads > 0 else {
                throw reader.inconsistent(
                    "attention_head_dim (which counts heads) is \(heads), more than the \(blockOutChannels[level]) channels of its block"
                )
            }
        }
    }

    private enum TimeScaleShift: String, Sendable, CaseIterable {
        case addition = "default"
        case scaleShift = "scale_shift"
    }

    private func hasAttention(_ level: Int) -> Bool {
        downBlocks[level] == .crossAttention || upBlocks[upBlocks.count - 1 - level] == .crossAttention
            || level == downBlocks.count - 1 && midBlock == .crossAttention
    }

    /// null means no block here; only a missing key means the default.
    private static func midBlock(_ reader: ConfigReader) throws(ArchitectureError) -> MidBlock? {
        guard reader.isPresent("mid_block_type") else { return .crossAttention }
        return try reader.choice("mid_block_type")
    }

    private static func textTimeAddition(_ reader: ConfigReader) throws(ArchitectureError) -> TextTimeAddition? {
        try reader.refuse("addition_embed_type", unless: "text_time")
        guard reader.isGiven("addition_embed_type") else { return nil }
        let timeChannels = try reader.integer("addition_time_embed_dim")
        let inputChannels = try reader.integer("projection_class_embeddings_input_dim")
        guard let timeChannels, let inputChannels, inputChannels > 6 * timeChannels else {
            func text(_ number: Int?) -> String { number.map { "\($0)" } ?? "null" }
            throw reader.inconsistent(
                "addition_embed_type text_time needs addition_time_embed_dim (\(text(timeChannels))), and "
                    + "projection_class_embeddings_input_dim (\(text(inputChannels))) larger than six of it")
        }
        return TextTimeAddition(timeChannels: timeChannels, inputChannels: inputChannels)
    }

    /// Width of the text's states in cross-attention: that of the levels with cross-attention.
    public var contextChannels: Int {
        let levels = downBlocks.indices.filter { level in
            downBlocks[level] == .crossAttention || upBlocks[upBlocks.count - 1 - level] == .crossAttention
        }
        return levels.first.map { crossAttentionDim[$0] } ?? crossAttentionDim[crossAttentionDim.count - 1]
    }

    func sinusoidal(_ channels: Int) -> SinusoidalShape {
        SinusoidalShape(channels: channels, flipSinToCos: flipSinToCos, frequencyShift: frequencyShift)
    }
}
