import Foundation
import ModelGraph
import TensorStore

/// Parameters that all residual blocks of a network share; diffusers' `ResnetBlock2D`.
struct ResnetStyle {
    let groups: Int
    let epsilon: Double
    let activation: Activation
    /// Width of the time embedding; nil where the network has none.
    var timeChannels: Int?
    /// Whether the time embedding scales and shifts the output of the second normalization, instead of being added before it.
    var scaleShift = false
    /// The divisor of the sum of block and shortcut.
    var outputScale: Float = 1
}

extension NetworkBuilder {
    /// Residual block: x `[B, inputs, H, W]`, time `[B, timeChannels]` after its activation, to `[B, outputs, H, W]`.
    mutating func resnet(_ x: Value, time: Value?, _ path: String, _ inputs: Int, _ outputs: Int, _ style: ResnetStyle) throws
        -> Value
    {
        var hidden = try groupNorm(x, "\(path).norm1", inputs, groups: style.groups, epsilon: style.epsilon)
        hidden = try activation(hidden, style.activation, "\(path).norm1")
        hidden = try convolution(hidden, "\(path).conv1", inputs, outputs)

        var scaleAndShift: (scale: Value, shift: Value)?
        if let time, let timeChannels = style.timeChannels {
            let width = style.scaleShift ? 2 * outputs : outputs
            func projected(_ rows: Range<Int>, _ builder: inout NetworkBuilder) throws -> Value {
                let vector = try builder.linear(
                    time, "\(path).time_emb_proj", timeChannels, width, rows: rows.count == width ? nil : rows)
                return try builder.graph.reshape(vector, to: [0, outputs, 1, 1], name: "\(path).time_emb_proj/Reshape")
            }
            if style.scaleShift {
                scaleAndShift = try (projected(0..<outputs, &self), projected(outputs..<width, &self))
            } else {
                hidden = try graph.add(hidden, projected(0..<width, &self), name: "\(path)/AddTime")
            }
        }

        hidden = try groupNorm(hidden, "\(path).norm2", outputs, groups: style.groups, epsilon: style.epsilon)
        if let (scale, shift) = scaleAndShift {
            hidden = try graph.add(graph.multiply(hidden, graph.add(scale, 1)), shift, name: "\(path)/ScaleShift")
        }
        hidden = try activation(hidden, style.activation, "\(path).norm2")
        hidden = try convolution(hidden, "\(path).conv2", outputs, outputs)

        let shortcut = inputs == outputs ? x : try convolution(x, "\(path).conv_shortcut", inputs, outputs, kernel: 1)
        let sum = try graph.add(shortcut, hidden, name: "\(path)/AddShortcut")
        return style.outputScale == 1 ? sum : try graph.multiply(sum, by: 1 / style.outputScale)
    }

    /// Halves height and width: x `[B, C, H, W]`; diffusers' `Downsample2D`.
    ///
    /// Without padding, one row at the bottom and one column at the right are added, as in the reference.
    mutating func downsample(_ x: Value, _ path: String, _ channels: Int, padding: Int) throws -> Value {
        try convolution(
            x, "\(path).conv", channels, channels, stride: 2, padding: padding, paddingEnd: padding == 0 ? 1 : padding)
    }
}

/// The sinusoidal embedding of numbers such as timesteps; diffusers' `Timesteps`.
struct SinusoidalShape {
    let channels: Int
    /// Cosines before sines.
    let flipSinToCos: Bool
    let frequencyShift: Double
}

extension NetworkBuilder {
    /// `[n]` of f32 to `[n, channels]`: sines and cosines at frequencies from 1 down to 1/10,000.
    mutating func sinusoidalEmbedding(_ x: Value, _ shape: SinusoidalShape) throws -> Value {
        let half = shape.channels / 2
        let frequencies = (0..<half).map { index in
            Float(exp(-log(10_000) * Double(index) / (Double(half) - shape.frequencyShift)))
        }
        let angles = try graph.multiply(graph.unsqueeze(x, [1]), graph.constant(frequencies, shape: [1, half]))
        let sine = try graph.unary(.sin, angles)
        let cosine = try graph.unary(.cos, angles)
        var parts = shape.flipSinToCos ? [cosine, sine] : [sine, cosine]
        if shape.channels % 2 == 1 {
            // One column of zeros, as in the reference.
            parts.append(try graph.multiply(graph.unsqueeze(x, [1]), by: 0))
        }
        return try graph.concatenate(parts, axis: 1)
    }

    /// Two linear layers with an activation in between; diffusers' `TimestepEmbedding`: `[B, inputs]` to `[B, outputs]`.
    mutating func timestepEmbedding(
        _ x: Value, _ path: String, _ inputs: Int, _ outputs: Int, _ activation: Activation
    ) throws -> Value {
        let hidden = try linear(x, "\(path).linear_1", inputs, outputs)
        return try linear(self.activation(hidden, activation, "\(path).linear_1"), "\(path).linear_2", outputs, outputs)
    }
}

extension NetworkBuilder {
    /// Doubles height and width by repeating pixels, or resizes to the size of `model`, and convolves with a 3×3 kernel: x `[B,
    /// C, H, W]` to `[B, C, 2H, 2W]`; diffusers' `Upsample2D`.
    mutating func upsample(
        _ x: Value, like model: Value? = nil, _ path: String, _ channels: Int
    ) throws -> Value {
        let name = "\(path)/Interpolate"
        let larger: Value
        if let model {
            larger = try graph.resizeNearest(x, like: model, name: name)
        } else {
            larger = try graph.upsampleNearest(x, by: 2, name: name)
        }
        return try convolution(larger, "\(path).conv", channels, channels)
    }
}
