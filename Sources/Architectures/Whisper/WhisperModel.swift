import ModelGraph
import TensorStore

/// The networks that hear speech and write it as text; transformers' `WhisperForConditionalGeneration`.
///
/// Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision". Tensor names may have transformers' prefix
/// `model.` or not. In the shapes of both networks, W counts windows of sound, which are independent of each other.
public struct WhisperModel: Sendable {
    public let config: WhisperConfig

    public init(_ config: WhisperConfig) { self.config = config }

    /// Epsilon of every normalization, torch's default.
    static let epsilon = 1e-5

    /// A builder over names without the prefix.
    func builder(_ name: String, _ weights: Weights) -> NetworkBuilder {
        let prefix = "model."
        return NetworkBuilder(
            name, weights: weights.renamed { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 })
    }

    var encoderAttention: AttentionShape {
        AttentionShape(
            channels: config.width, heads: config.encoderAttentionHeads,
            headDimension: config.width / config.encoderAttentionHeads)
    }

    var decoderAttention: AttentionShape {
        AttentionShape(
            channels: config.width, heads: config.decoderAttentionHeads, headDimension: config.decoderHeadWidth)
    }
}

/// Names of the tensors that hand on keys and values, an input of the decoder having the name of the output that fills it.
public enum WhisperTensors {
    /// `[W, heads, headWidth, positions]`, from the encoder.
    public static func crossKeys(_ layer: Int) -> String { "cross_keys.\(layer)" }
    /// `[W, heads, positions, headWidth]`, from the encoder.
    public static func crossValues(_ layer: Int) -> String { "cross_values.\(layer)" }
    /// `[W, heads, cacheLength, headWidth]`, of earlier tokens.
    public static func cachedKeys(_ layer: Int) -> String { "cached_keys.\(layer)" }
    public static func cachedValues(_ layer: Int) -> String { "cached_values.\(layer)" }
    /// `[W, heads, tokens, headWidth]`, of a run's own tokens.
    public static func keys(_ layer: Int) -> String { "keys.\(layer)" }
    public static func values(_ layer: Int) -> String { "values.\(layer)" }
}

extension NetworkBuilder {
    /// A linear layer and its result by heads: x `[W, N, channels]` to `[W, heads, N, d]`.
    mutating func projectedHeads(_ x: Value, _ path: String, _ shape: AttentionShape, bias: Bool = true) throws -> Value {
        try heads(linear(x, path, shape.channels, shape.innerChannels, bias: bias), path, shape)
    }

    /// Two linear layers with layer normalization before and a residual connection: x `[W, N, width]`.
    mutating func whisperFeedForward(
        _ x: Value, _ path: String, width: Int, inner: Int, activation: Activation
    ) throws -> Value {
        let normal = try layerNorm(x, "\(path).final_layer_norm", width, epsilon: WhisperModel.epsilon)
        let hidden = try self.activation(linear(normal, "\(path).fc1", width, inner), activation, "\(path).fc1")
        return try graph.add(x, linear(hidden, "\(path).fc2", inner, width), name: "\(path).fc2/AddResidual")
    }
}
