import ModelGraph
import TensorStore

/// Sizes of the layers of CLIP's two encoders; transformers' `CLIPEncoderLayer`.
struct CLIPEncoderShape {
    let channels: Int
    let heads: Int
    let intermediateChannels: Int
    let activation: Activation
    let epsilon: Double
    /// Whether each token attends only to itself and earlier tokens, as in texts.
    let causal: Bool
}

extension NetworkBuilder {
    /// Self-attention, then two linear layers, each with layer normalization before and a residual connection: `[B, N,
    /// channels]`.
    mutating func clipEncoderLayer(_ x: Value, _ path: String, _ shape: CLIPEncoderShape) throws -> Value {
        let width = shape.channels
        var normal = try layerNorm(x, "\(path).layer_norm1", width, epsilon: shape.epsilon)
        let attended = try clipAttention(normal, "\(path).self_attn", shape)
        let hidden = try graph.add(x, attended, name: "\(path).self_attn/AddResidual")
        normal = try layerNorm(hidden, "\(path).layer_norm2", width, epsilon: shape.epsilon)
        let inner = try linear(normal, "\(path).mlp.fc1", width, shape.intermediateChannels)
        let active = try activation(inner, shape.activation, "\(path).mlp.fc1")
        let outer = try linear(active, "\(path).mlp.fc2", shape.intermediateChannels, width)
        return try graph.add(hidden, outer, name: "\(path).mlp/AddResidual")
    }

    private mutating func clipAttention(_ x: Value, _ path: String, _ shape: CLIPEncoderShape) throws -> Value {
        let width = shape.channels
        let sizes = AttentionShape(channels: width, heads: shape.heads, headDimension: width / shape.heads, bias: true)
        let query = try heads(linear(x, "\(path).q_proj", width, width), "\(path).q_proj", sizes)
        let key = try heads(linear(x, "\(path).k_proj", width, width), "\(path).k_proj", sizes)
        let value = try heads(linear(x, "\(path).v_proj", width, width), "\(path).v_proj", sizes)
        let attended = try graph.scaledDotProductAttention(
            query, key, value, causal: shape.causal, name: "\(path)/ScaledDotProductAttention")
        return try linear(mergedHeads(attended, path, width), "\(path).out_proj", width, width)
    }
}
