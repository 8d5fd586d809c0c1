public import TensorStore

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
        let down: [DownBlock] = try reader.choices("down_block_types", default: [.plain], count: 1...ConfigReader.listLimit)
        let up: [UpBlock] = try reader.choices("up_block_types", default: [.plain], count: 1...ConfigReader.listLimit)
        guard down.count == blockOutChannels.count, up.count == blockOutChannels.count, down.count <= 16 else {
            throw reader.inconsistent("down_block_types, up_block_types and block_out_channels must be of one length, 16 at most")
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
