public import ModelGraph
public import TensorStore

/// The autoencoder between pictures and latents; diffusers' `AutoencoderKL`.
public struct AutoencoderKL: Sendable {
    public let config: AutoencoderKLConfig

    public init(_ config: AutoencoderKLConfig) { self.config = config }

    private var style: ResnetStyle { ResnetStyle(groups: config.normGroups, epsilon: 1e-6, activation: config.activation) }

    /// Input `latent_sample` `[batch, latent_channels, height, width]`, unscaled; output `sample` `[batch, 3, 8·height, 8·width]`
    /// in −1…1 (the factor is 2 to the number of blocks less one).
    public func decoder(_ weights: Weights, batch: Dimension, height: Dimension, width: Dimension) throws -> Graph {
        var builder = NetworkBuilder("vae_decoder", weights: Self.currentNames(weights))
        var hidden = builder.graph.parameter("latent_sample", .f32, [batch, .fixed(config.latentChannels), height, width])
        if config.usePostQuantConv {
            hidden = try builder.convolution(hidden, "post_quant_conv", config.latentChannels, config.latentChannels, kernel: 1)
        }
        let widths = Array(config.blockOutChannels.reversed())
        hidden = try builder.convolution(hidden, "decoder.conv_in", config.latentChannels, widths[0])
        hidden = try middle(hidden, "decoder.mid_block", widths[0], &builder)
        var inputs = widths[0]
        for (index, outputs) in widths.enumerated() {
            let path = "decoder.up_blocks.\(index)"
            for layer in 0...config.layersPerBlock {
                hidden = try builder.resnet(hidden, time: nil, "\(path).resnets.\(layer)", inputs, outputs, style)
                inputs = outputs
            }
            if index < widths.count - 1 { hidden = try builder.upsample(hidden, "\(path).upsamplers.0", outputs) }
        }
        hidden = try ending(hidden, "decoder", inputs, config.outChannels, &builder)
        builder.graph.result(hidden, name: "sample")
        return builder.graph
    }

    /// Input `sample` `[batch, 3, height, width]` in −1…1; output `latent_parameters`
    /// `[batch, 2·latent_channels, height/8, width/8]`: means, then logarithms of variances.
    public func encoder(_ weights: Weights, batch: Dimension, height: Dimension, width: Dimension) throws -> Graph {
        var builder = NetworkBuilder("vae_encoder", weights: Self.currentNames(weights))
        let sample = builder.graph.parameter("sample", .f32, [batch, .fixed(config.inChannels), height, width])
        let widths = config.blockOutChannels
        var hidden = try builder.convolution(sample, "encoder.conv_in", config.inChannels, widths[0])
        var inputs = widths[0]
        for (index, outputs) in widths.enumerated() {
            let path = "encoder.down_blocks.\(index)"
            for layer in 0..<config.layersPerBlock {
                hidden = try builder.resnet(hidden, time: nil, "\(path).resnets.\(layer)", inputs, outputs, style)
                inputs = outputs
            }
            if index < widths.count - 1 { hidden = try builder.downsample(hidden, "\(path).downsamplers.0", outputs, padding: 0) }
        }
        hidden = try middle(hidden, "encoder.mid_block", inputs, &builder)
        let moments = 2 * config.latentChannels
        hidden = try ending(hidden, "encoder", inputs, moments, &builder)
        if config.useQuantConv { hidden = try builder.convolution(hidden, "quant_conv", moments, moments, kernel: 1) }
        builder.graph.result(hidden, name: "latent_parameters")
        return builder.graph
    }

    /// diffusers' `UNetMidBlock2D`: two residual blocks, and in between attention with one head over all pixels.
    private func middle(_ x: Value, _ path: String, _ channels: Int, _ builder: inout NetworkBuilder) throws -> Value {
        var hidden = try builder.resnet(x, time: nil, "\(path).resnets.0", channels, channels, style)
        if config.midBlockAddAttention {
            let attention = "\(path).attentions.0"
            let normal = try builder.groupNorm(
                hidden, "\(attention).group_norm", channels, groups: config.normGroups, epsilon: 1e-6)
            let shape = AttentionShape(channels: channels, heads: 1, headDimension: channels, bias: true)
            let attended = try builder.attention(builder.tokens(normal, attention, channels), attention, shape)
            hidden = try builder.graph.add(
                builder.image(attended, like: hidden, attention, channels), hidden, name: "\(attention)/AddResidual")
        }
        return try builder.resnet(hidden, time: nil, "\(path).resnets.1", channels, channels, style)
    }

    private func ending(_ x: Value, _ path: String, _ inputs: Int, _ outputs: Int, _ builder: inout NetworkBuilder) throws
        -> Value
    {
        let normal = try builder.groupNorm(x, "\(path).conv_norm_out", inputs, groups: config.normGroups, epsilon: 1e-6)
        // The reference ends in SiLU for any `act_fn`.
        let active = try builder.activation(normal, .silu, "\(path).conv_norm_out")
        return try builder.convolution(active, "\(path).conv_out", inputs, outputs)
    }

    /// Tensors with the attention layers' names in current diffusers; Stable Diffusion 1.5's file has older names.
    private static func currentNames(_ weights: Weights) -> Weights {
        let renames = [".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."]
        return weights.renamed { name in
            guard name.contains(".attentions.") else { return name }
            return renames.reduce(name) { $0.replacing($1.key, with: $1.value) }
        }
    }
}

/// Parameters of diffusers' `AutoencoderKL` in config.json.
public struct AutoencoderKLConfig: Sendable {
    public let inChannels: Int
    public let outChannels: Int
    /// Finest level first.
    public let blockOutChannels: [Int]
    public let layersPerBlock: Int
    public let activation: Activation
    public let latentChannels: Int
    public let normGroups: Int
    /// The scaling factor of latents: multiplied after encoding, divided by before decoding.
    public let scalingFactor: Double
    /// The offset subtracted from latents before scaling, in pipelines that use it.
    public let shiftFactor: Double
    public let useQuantConv: Bool
    public let usePostQuantConv: Bool
    public let midBlockAddAttention: Bool

    static let className = "AutoencoderKL"

    private enum DownBlock: String, Sendable, CaseIterable { case plain = "DownEncoderBlock2D" }
    private enum UpBlock: String, Sendable, CaseIterable { case plain = "UpDecoderBlock2D" }

    /// - Throws: `ArchitectureError` naming the unsupported or invalid parameter.
    public init(_ reader: ConfigReader) throws(ArchitectureError) {
        inChannels = try reader.integer("in_channels", default: 3)
        outChannels = try reader.integer("out_channels", default: 3)
        blockOutChannels = try reader.integers("block_out_channels", default: [64])
        let down: [DownBlock] = try reader.choices("down_block_types", default: [.plain], count: 1...8)
        let up: [UpBlock] = try reader.choices("up_block_types", default: [.plain], count: 1...8)
        guard down.count == blockOutChannels.count, up.count == blockOutChannels.count else {
            throw reader.inconsistent("down_block_types, up_block_types and block_out_channels must be of one length")
        }
        layersPerBlock = try reader.integer("layers_per_block", default: 1, in: 1...64)
        activation = try reader.choice("act_fn", default: .silu, synonyms: ["swish": .silu])
        latentChannels = try reader.integer("latent_channels", default: 4)
        normGroups = try reader.integer("norm_num_groups", default: 32)
        scalingFactor = try reader.number("scaling_factor", default: 0.18215)
        shiftFactor = try reader.number("shift_factor") ?? 0
        guard scalingFactor != 0 else { throw reader.inconsistent("scaling_factor must not be 0") }
        useQuantConv = try reader.bool("use_quant_conv", default: true)
        usePostQuantConv = try reader.bool("use_post_quant_conv", default: true)
        midBlockAddAttention = try reader.bool("mid_block_add_attention", default: true)
        // `sample_size` is for tiling, `force_upcast` for f16: neither changes anything here.
        try reader.refuse("latents_mean")
        try reader.refuse("latents_std")
    }

    /// Pixels for each latent along height and width.
    public var spatialFactor: Int { 1 << (blockOutChannels.count - 1) }
}
