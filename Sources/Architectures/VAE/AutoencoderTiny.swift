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
