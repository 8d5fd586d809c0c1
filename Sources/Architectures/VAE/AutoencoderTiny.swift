public import ModelGraph
public import TensorStore

/// TAESD, the small autoencoder between pictures and latents; diffusers' `AutoencoderTiny`.
public struct AutoencoderTiny: Sendable {
    public let config: AutoencoderTinyConfig

    public init(_ config: AutoencoderTinyConfig) { self.config = config }

    /// Input `latent_sample` `[batch, latent_channels, height, width]`, unscaled; output `sample` `[batch, 3, 8·height, 8·width]`
    /// in about −1…1 (the factor is `upsampling_scaling_factor` for each block but the last).
    public func decoder(_ weights: Weights, batch: Dimension, height: Dimension, width: Dimension) throws -> Graph {
        var builder = NetworkBuilder("vae_decoder", weights: weights)
        var layers = Layers(prefix: "decoder.layers")
        let sample = builder.graph.parameter("latent_sample", .f32, [batch, .fixed(config.latentChannels), height, width])
        let first = config.decoderBlockOutChannels[0]
        // Latents are softly clamped to ±3, as in the reference.
        let cut = try builder.graph.unary(.tanh, builder.graph.multiply(sample, by: 1 / 3))
        var hidden = try builder.convolution(
            builder.graph.multiply(cut, by: 3), layers.next(), config.latentChannels, first)
        hidden = try builder.activation(hidden, config.activation, layers.next())
        for (index, blocks) in config.numDecoderBlocks.enumerated() {
            let channels = config.decoderBlockOutChannels[index]
            let isLast = index == config.numDecoderBlocks.count - 1
            for _ in 0..<blocks { hidden = try block(hidden, layers.next(), channels, &builder) }
            guard !isLast else {
                hidden = try builder.convolution(hidden, layers.next(), channels, config.outChannels)
                break
            }
            let upsampling = layers.next()
            hidden = try builder.graph.upsampleNearest(
                hidden, by: config.upsamplingScalingFactor, name: "\(upsampling)/Interpolate")
            hidden = try builder.convolution(hidden, layers.next(), channels, channels, bias: false)
        }
        // Converts from 0…1, the range of training.
        builder.graph.result(try builder.graph.add(builder.graph.multiply(hidden, by: 2), -1), name: "sample")
        return builder.graph
    }

    /// Input `sample` `[batch, 3, height, width]` in −1…1; output `latent_sample` `[batch, latent_channels, height/8, width/8]`.
    public func encoder(_ weights: Weights, batch: Dimension, height: Dimension, width: Dimension) throws -> Graph {
        var builder = NetworkBuilder("vae_encoder", weights: weights)
        var layers = Layers(prefix: "encoder.layers")
        let sample = builder.graph.parameter("sample", .f32, [batch, .fixed(config.inChannels), height, width])
        var hidden = try builder.graph.multiply(builder.graph.add(sample, 1), by: 0.5)
        var channels = config.inChannels
        for (index, blocks) in config.numEncoderBlocks.enumerated() {
            let outputs = config.encoderBlockOutChannels[index]
            let isFirst = index == 0
            hidden = try builder.convolution(
                hidden, layers.next(), channels, outputs, stride: isFirst ? 1 : 2, bias: isFirst)
            for _ in 0..<blocks { hidden = try block(hidden, layers.next(), outputs, &builder) }
            channels = outputs
        }
        hidden = try builder.convolution(hidden, layers.next(), channels, config.latentChannels)
        builder.graph.result(hidden, name: "latent_sample")
        return builder.graph
    }

    /// Three convolutions and a shortcut; diffusers' `AutoencoderTinyBlock`.
    private func block(_ x: Value, _ path: String, _ channels: Int, _ builder: inout NetworkBuilder) throws -> Value {
        var hidden = x
        for place in [0, 2, 4] {
            hidden = try builder.convolution(hidden, "\(path).conv.\(place)", channels, channels)
            if place < 4 { hidden = try builder.activation(hidden, config.activation, "\(path).conv.\(place)") }
        }
        return try builder.activation(builder.graph.add(hidden, x, name: "\(path)/AddShortcut"), .relu, path)
    }

    /// The numbered layers of torch's `Sequential`.
    private struct Layers {
        let prefix: String
        private var index = 0

        init(prefix: String) { self.prefix = prefix }

        mutating func next() -> String {
            defer { index += 1 }
            return "\(prefix).\(index)"
        }
    }
}

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
            Set(encoderBlockOutChannels).count == 1, Set(decoderBlockOutChannels).count == 1, numDecoderBlocks.count <= 8,
            spatialFactor <= 256
        else {
            throw reader.inconsistent(
                "encoder_block_out_channels must be as long as num_encoder_blocks, decoder_block_out_channels as num_decoder_blocks "
                    + "(8 at most), all channels of each the same, and the picture at most 256 times as large as the latents")
        }
    }

    /// Pixels for each latent along height and width.
    public var spatialFactor: Int {
        (1..<max(numDecoderBlocks.count, 1)).reduce(1) { factor, _ in factor * upsamplingScalingFactor }
    }
}

/// The tensor names of an `AutoencoderTiny` in TAESD's own files.
///
/// TAESD has each half as one `nn.Sequential`, in a file of its own (`3.conv.0.weight`) or under `taesd_decoder.` or `decoder.`
/// in a common file. diffusers has both halves in one checkpoint (`decoder.layers.2.conv.0.weight`). It has no layer for the
/// decoder's clamp, TAESD's layer 0, so that its numbers are one less. https://github.com/madebyollin/taesd
public enum TAESDNames {
    /// diffusers' name of a tensor of the decoder, such as `3.conv.0.weight`; nil for a name that does not begin with a number.
    public static func decoder(_ name: String) -> String? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]), index > 0 else { return nil }
        return "decoder.layers.\(index - 1).\(parts[1])"
    }

    /// diffusers' name of a tensor of the encoder, likewise.
    public static func encoder(_ name: String) -> String? {
        let parts = name.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]), index >= 0 else { return nil }
        return "encoder.layers.\(index).\(parts[1])"
    }
}

extension Weights {
    /// The tensors of an `AutoencoderTiny` with diffusers' names, from one file with one or both halves.
    /// - Returns: nil for tensors of another network.
    public func namingTinyAutoencoderAsDiffusers() -> Weights? {
        if contains("decoder.layers.0.weight") || contains("encoder.layers.0.weight") { return self }
        // One half: decoders begin with the clamp, which has no tensors.
        if contains("1.weight"), !contains("0.weight"), contains("3.conv.0.weight") {
            return renamed { TAESDNames.decoder($0) ?? $0 }
        }
        if contains("0.weight"), contains("1.conv.0.weight") { return renamed { TAESDNames.encoder($0) ?? $0 } }
        for (decoder, encoder) in [("taesd_decoder.", "taesd_encoder."), ("decoder.", "encoder.")] {
            guard contains("\(decoder)1.weight") || contains("\(encoder)0.weight") else { continue }
            return renamed { name in
                if name.hasPrefix(decoder) { return TAESDNames.decoder(String(name.dropFirst(decoder.count))) ?? name }
                if name.hasPrefix(encoder) { return TAESDNames.encoder(String(name.dropFirst(encoder.count))) ?? name }
                return name
            }
        }
        return nil
    }
}
