import Foundation
import ModelGraph
import TensorStore

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
