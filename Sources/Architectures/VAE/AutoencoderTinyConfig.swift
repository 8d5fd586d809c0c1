public import TensorStore

/// Parameters of diffusers' `AutoencoderTiny` in config.json.
public struct AutoencoderTinyConfig: Sendable {
    public let inChannels: Int
    public let outChannels: Int
    public let encoderBlockOutChannels: [Int]
    public let decoderBlockOutChannels: [Int]
    public let activation: Activation
    public let latentChannels: Int
    public let upsamplingScalingFactor: Int
    public let numEncoderBlocks: [Int]
    public let numDecoderBlocks: [Int]
    /// The scaling factor of latents: multiplied after encoding, divided by before decoding.
    public let scalingFactor: Double
    public let shiftFactor: Double

    static let className = "AutoencoderTiny"

    /// - Throws: `ArchitectureError` naming the unsupported or invalid parameter.
    public init(_ reader: ConfigReader) throws(ArchitectureError) {
        inChannels = try reader.integer("in_channels", default: 3)
        outChannels = try reader.integer("out_channels", default: 3)
        encoderBlockOutChannels = try reader.integers("encoder_block_out_channels", default: [64, 64, 64, 64])
        decoderBlockOutChannels = try reader.integers("decoder_block_out_channels", default: [64, 64, 64, 64])
        activation = try reader.choice("act_fn", default: .relu, synonyms: ["swish": .silu])
        latentChannels = try reader.integer("latent_channels", default: 4)
        upsamplingScalingFactor = try reader.integer("upsampling_scaling_factor", default: 2, in: 1...16)
        numEncoderBlocks = try reader.integers("num_encoder_blocks", default: [1, 3, 3, 3], in: 0...64)
        numDecoderBlocks = try reader.integers("num_decoder_blocks", default: [3, 3, 3, 1], in: 0...64)
        scalingFactor = try reader.number("scaling_factor", default: 1)
        shiftFactor = try reader.number("shift_factor") ?? 0
        guard scalingFactor != 0 else { throw reader.inconsistent("scaling_factor must not be 0") }
        // `latent_magnitude` and `latent_shift` are for storing latents as pictures, `force_upcast` for f16.
        try reader.refuse("upsample_fn", unless: "nearest", orNull: false)
        guard encoderBlockOutChannels.count == numEncoderBlocks.count, decoderBlockOutChannels.count == numDecoderBlocks.count,
            Set(encoderBlockOutChannels).count == 1, Set(decoderBlockOutChannels).count == 1, numDecoderBlocks.count <= 8
        else {
            throw reader.inconsistent(
                "encoder_block_out_channels must be as long as num_encoder_blocks, decoder_block_out_channels as num_decoder_blocks "
                    + "(8 at most), and all channels of each the same")
        }
    }

    /// Pixels for each latent along height and width.
    public var spatialFactor: Int {
        (1..<max(numDecoderBlocks.count, 1)).reduce(1) { factor, _ in factor * upsamplingScalingFactor }
    }
}
