public import ModelGraph
public import TensorStore

/// The network that predicts the noise in latents, guided by a text; diffusers' `UNet2DConditionModel`.
///
/// Inputs and outputs have optimum-intel's names.
public struct UNet2DConditionModel: Sendable {
    public let config: UNet2DConditionConfig

    public init(_ config: UNet2DConditionConfig) { self.config = config }

    /// Sizes of the inputs, fixed or dynamic.
    public struct InputShape: Sendable {
        public var batch: Dimension
        /// Height of the latents: the picture's height over the VAE's factor (8).
        public var height: Dimension
        public var width: Dimension
        /// Number of the text's tokens.
        public var tokens: Dimension
        /// The number of timesteps: one for each element of the batch, or a fixed 1 for the whole batch.
        public var timesteps: Dimension
        /// f32 also supports the fractional timesteps of some schedulers; exported models have i64.
        public var timestepType: ElementType

        public init(
            batch: Dimension, height: Dimension, width: Dimension, tokens: Dimension, timesteps: Dimension = 1,
            timestepType: ElementType = .f32
        ) {
            self.batch = batch
            self.height = height
            self.width = width
            self.tokens = tokens
            self.timesteps = timesteps
            self.timestepType = timestepType
        }
    }

    /// Inputs `sample` `[B, in_channels, h, w]`, `timestep` `[n]`, `encoder_hidden_states` `[B, tokens, cross_attention_dim]`;
    /// where the config asks for them `timestep_cond` `[B, time_cond_proj_dim]` (the guidance embedding of latent
    /// consistency models), `text_embeds` `[B, …]` and `time_ids` `[B, 6]` (SDXL). Output `out_sample` `[B, out_channels, h, w]`.
    ///
    /// - Throws: `ArchitectureError` where the checkpoint does not fit the config, `GraphError` where sizes do not.
    public func graph(_ weights: Weights, _ shape: InputShape) throws -> Graph {
        var builder = NetworkBuilder("unet", weights: weights)
        let sample = builder.graph.parameter(
            "sample", .f32, [shape.batch, .fixed(config.inChannels), shape.height, shape.width])
        let time = try timeEmbedding(shape, &builder)
        let context = try contextStates(shape, &builder)
        let blocks = UNetBlocks(config: config)

        let first = config.blockOutChannels[0]
        let centered = config.centerInputSample ? try builder.graph.add(builder.graph.multiply(sample, by: 2), -1) : sample
        var hidden = try builder.convolution(centered, "conv_in", config.inChannels, first, kernel: config.convInKernel)
        var skips = [Skip(hidden, first)]
        for index in config.downBlocks.indices {
            hidden = try blocks.down(hidden, index, time: time, context: context, skips: &skips, &builder)
        }
        hidden = try blocks.middle(hidden, time: time, context: context, &builder)
        for index in config.upBlocks.indices {
            hidden = try blocks.up(hidden, index, time: time, context: context, skips: &skips, &builder)
        }
        hidden = try builder.groupNorm(hidden, "conv_norm_out", first, groups: config.normGroups, epsilon: config.normEpsilon)
        hidden = try builder.activation(hidden, config.activation, "conv_norm_out")
        hidden = try builder.convolution(hidden, "conv_out", first, config.outChannels, kernel: config.convOutKernel)
        builder.graph.result(hidden, name: "out_sample")
        return builder.graph
    }

    /// The time embedding `[B, timeEmbedChannels]`, with the activation of the residual blocks applied.
    private func timeEmbedding(_ shape: InputShape, _ builder: inout NetworkBuilder) throws -> Value {
        let first = config.blockOutChannels[0]
        var timestep = builder.graph.parameter("timestep", shape.timestepType, [shape.timesteps])
        if shape.timestepType != .f32 { timestep = builder.graph.convert(timestep, to: .f32) }
        var embedding = try builder.sinusoidalEmbedding(timestep, config.sinusoidal(first))
        if let width = config.timeCondProjDim {
            let condition = builder.graph.parameter("timestep_cond", .f32, [shape.batch, .fixed(width)])
            embedding = try builder.graph.add(
                embedding, builder.linear(condition, "time_embedding.cond_proj", width, first, bias: false))
        }
        embedding = try builder.timestepEmbedding(embedding, "time_embedding", first, config.timeEmbedChannels, config.activation)
        if let post = config.timestepPostActivation {
            embedding = try builder.activation(embedding, post, "time_embedding.post_act")
        }
        if let addition = config.textTimeAddition {
            embedding = try builder.graph.add(embedding, additionEmbedding(addition, shape, &builder))
        }
        if let activation = config.timeEmbeddingActivation {
            embedding = try builder.activation(embedding, activation, "time_embed_act")
        }
        return try builder.activation(embedding, config.activation, "time_embedding")
    }

    /// The embedding of SDXL's pooled text and picture sizes, `[B, timeEmbedChannels]`.
    private func additionEmbedding(
        _ addition: UNet2DConditionConfig.TextTimeAddition, _ shape: InputShape, _ builder: inout NetworkBuilder
    ) throws -> Value {
        let count = 6
        let textWidth = addition.inputChannels - count * addition.timeChannels
        let text = builder.graph.parameter("text_embeds", .f32, [shape.batch, .fixed(textWidth)])
        let ids = builder.graph.parameter("time_ids", .f32, [shape.batch, .fixed(count)])
        let flat = try builder.graph.reshape(ids, to: [-1])
        let times = try builder.graph.reshape(
            builder.sinusoidalEmbedding(flat, config.sinusoidal(addition.timeChannels)), to: [-1, count * addition.timeChannels])
        let joined = try builder.graph.concatenate([text, times], axis: 1)
        return try builder.timestepEmbedding(joined, "add_embedding", addition.inputChannels, config.timeEmbedChannels, .silu)
    }

    /// The text's states in the form for cross-attention, `[B, tokens, cross_attention_dim]`.
    private func contextStates(_ shape: InputShape, _ builder: inout NetworkBuilder) throws -> Value {
        let width = config.encoderHidDim ?? config.contextChannels
        let states = builder.graph.parameter("encoder_hidden_states", .f32, [shape.batch, shape.tokens, .fixed(width)])
        guard config.encoderHidDim != nil else { return states }
        return try builder.linear(states, "encoder_hid_proj", width, config.contextChannels)
    }
}

/// A skip connection from a down block to an up block, and its channels.
struct Skip {
    let value: Value
    let channels: Int

    init(_ value: Value, _ channels: Int) {
        self.value = value
        self.channels = channels
    }
}
