import Glibc
public import ModelGraph
public import TensorStore

extension WhisperModel {
    /// The network that hears; transformers' `WhisperEncoder`, and the decoder's keys and values of what it heard.
    ///
    /// Input `input_features` f32 `[windows, bins, 2·positions]`, a log-mel spectrogram. Outputs: `last_hidden_state` `[windows,
    /// positions, width]`; for each layer of the decoder, `cross_keys.N` `[windows, heads, headWidth, positions]` and
    /// `cross_values.N` `[windows, heads, positions, headWidth]`, which every token of a window's text attends to.
    /// - Parameter positions: nil for all that the model has; fewer for shorter sound, or a number that each run has of its own.
    /// - Throws: `ArchitectureError` where the checkpoint does not fit the config, or for a number of positions that the model
    ///   does not have.
    public func encoder(_ weights: Weights, windows: Dimension = 1, positions: Dimension? = nil) throws -> Graph {
        let positions = positions ?? .fixed(config.maxSourcePositions)
        if let count = positions.fixedValue, !(1...config.maxSourcePositions).contains(count) {
            throw ArchitectureError.inconsistent(
                "\(count) positions must be from 1 to max_source_positions = \(config.maxSourcePositions)",
                class: WhisperConfig.className, file: weights.source)
        }
        var builder = builder("encoder", weights)
        let frames: Dimension = positions.fixedValue.map { .fixed(2 * $0) } ?? .any
        let features = builder.graph.parameter("input_features", .f32, [windows, .fixed(config.numMelBins), frames])
        var hidden = try embedded(features, positions, &builder)
        for layer in 0..<config.encoderLayers {
            let path = "encoder.layers.\(layer)"
            hidden = try selfAttention(hidden, path, &builder)
            hidden = try builder.whisperFeedForward(
                hidden, path, width: config.width, inner: config.encoderFFNDim, activation: config.activation)
        }
        hidden = try builder.layerNorm(hidden, "encoder.layer_norm", config.width, epsilon: Self.epsilon)
        builder.graph.result(hidden, name: "last_hidden_state")
        try projectSound(hidden, &builder)
        return builder.graph
    }

    /// Two convolutions along time, and positions: `[W, bins, 2·positions]` to `[W, positions, width]`.
    private func embedded(_ features: Value, _ positions: Dimension, _ builder: inout NetworkBuilder) throws -> Value {
        // Pictures of one row.
        var hidden = try builder.graph.unsqueeze(features, [2])
        var channels = config.numMelBins
        for (path, stride) in [("encoder.conv1", 1), ("encoder.conv2", 2)] {
            hidden = try builder.rowConvolution(hidden, path, channels, config.width, stride: stride)
            hidden = try builder.activation(hidden, .gelu, path)
            channels = config.width
        }
        let rows = try builder.graph.reshape(hidden, to: [0, config.width, positions.fixedValue ?? -1])
        let states = try builder.graph.transpose(rows, [0, 2, 1], name: "encoder.conv2/Transpose")
        var places = try embeddedPositions(positions.fixedValue ?? config.maxSourcePositions, &builder)
        if positions.fixedValue == nil {
            let count = try builder.graph.gather(builder.graph.shapeOf(states), builder.graph.integers([1]))
            places = try builder.graph.split(places, axis: 0, at: count, name: "encoder.embed_positions/VariadicSplit").0
        }
        return try builder.graph.add(states, places, name: "encoder.embed_positions/Add")
    }

    /// The checkpoint's position embeddings, or those that it must have: `[positions, width]`.
    private func embeddedPositions(_ positions: Int, _ builder: inout NetworkBuilder) throws -> Value {
        let name = "encoder.embed_positions.weight"
        guard builder.weights.contains(name) else {
            return builder.graph.constant(
                Self.sinusoids(positions, width: config.width), shape: [positions, config.width], name: name)
        }
        return try builder.weight(
            name, [config.maxSourcePositions, config.width],
            rows: positions == config.maxSourcePositions ? nil : 0..<positions)
    }

    /// Sines in the first half of a position's channels, cosines in the second, of periods from 2π to 20,000π; transformers'
    /// `sinusoids`.
    static func sinusoids(_ positions: Int, width: Int) -> [Float] {
        let half = width / 2
        let step = log(10_000) / Double(max(half - 1, 1))
        var rows = [Float](repeating: 0, count: positions * width)
        for position in 0..<positions {
            for channel in 0..<half {
                let angle = Double(position) * exp(-step * Double(channel))
                rows[position * width + channel] = Float(sin(angle))
                rows[position * width + half + channel] = Float(cos(angle))
            }
        }
        return rows
    }

    private func selfAttention(_ x: Value, _ path: String, _ builder: inout NetworkBuilder) throws -> Value {
        let normal = try builder.layerNorm(x, "\(path).self_attn_layer_norm", config.width, epsilon: Self.epsilon)
        let attention = "\(path).self_attn"
        let query = try builder.projectedHeads(normal, "\(attention).q_proj", encoderAttention)
        let key = try builder.projectedHeads(normal, "\(attention).k_proj", encoderAttention, bias: false)
        let value = try builder.projectedHeads(normal, "\(attention).v_proj", encoderAttention)
        let attended = try builder.graph.scaledDotProductAttention(
            query, key, value, name: "\(attention)/ScaledDotProductAttention")
        let merged = try builder.mergedHeads(attended, attention, config.width)
        let out = try builder.linear(merged, "\(attention).out_proj", config.width, config.width)
        return try builder.graph.add(x, out, name: "\(attention)/AddResidual")
    }
}

extension NetworkBuilder {
    /// torch's `Conv1d` with a kernel of three and padding of one over rows: x `[B, inputs, 1, N]` to `[B, outputs, 1, N']`.
    fileprivate mutating func rowConvolution(
        _ x: Value, _ path: String, _ inputs: Int, _ outputs: Int, stride: Int
    ) throws -> Value {
        let kernel = try graph.reshape(weight("\(path).weight", [outputs, inputs, 3]), to: [outputs, inputs, 1, 3])
        let product = try graph.convolution(x, kernel, stride: stride, padding: [0, 1], name: "\(path)/Convolution")
        return try graph.add(product, channelwise(weight("\(path).bias", [outputs]), outputs), name: "\(path)/Add")
    }
}
