import ModelGraph
import TensorStore

/// One spatial transformer; diffusers' `Transformer2DModel` over continuous input.
struct Transformer2DShape {
    let channels: Int
    let heads: Int
    let contextChannels: Int
    let layers: Int
    let groups: Int
    /// Whether the projections in and out are linear layers instead of 1×1 convolutions.
    let linearProjection: Bool
    /// Whether the first attention of each layer also attends to the context, instead of the picture.
    let onlyCrossAttention: Bool

    var headDimension: Int { channels / heads }
    var innerChannels: Int { heads * headDimension }
}

extension NetworkBuilder {
    /// x `[B, channels, H, W]`, context `[B, S, contextChannels]`, to `[B, channels, H, W]`.
    mutating func transformer2D(_ x: Value, context: Value, _ path: String, _ shape: Transformer2DShape) throws -> Value {
        let inner = shape.innerChannels
        var hidden = try groupNorm(x, "\(path).norm", shape.channels, groups: shape.groups, epsilon: 1e-6)
        if shape.linearProjection {
            hidden = try linear(tokens(hidden, "\(path).norm", shape.channels), "\(path).proj_in", shape.channels, inner)
        } else {
            hidden = try tokens(
                convolution(hidden, "\(path).proj_in", shape.channels, inner, kernel: 1), "\(path).proj_in", inner)
        }
        for layer in 0..<shape.layers {
            hidden = try transformerBlock(hidden, context: context, "\(path).transformer_blocks.\(layer)", shape)
        }
        if shape.linearProjection {
            hidden = try linear(hidden, "\(path).proj_out", inner, shape.channels)
            hidden = try image(hidden, like: x, "\(path).proj_out", shape.channels)
        } else {
            hidden = try image(hidden, like: x, "\(path).proj_out", inner)
            hidden = try convolution(hidden, "\(path).proj_out", inner, shape.channels, kernel: 1)
        }
        return try graph.add(hidden, x, name: "\(path)/AddResidual")
    }

    /// Self-attention, cross-attention, feed-forward: x `[B, N, inner]`; diffusers' `BasicTransformerBlock`.
    private mutating func transformerBlock(_ x: Value, context: Value, _ path: String, _ shape: Transformer2DShape) throws
        -> Value
    {
        let width = shape.innerChannels
        func shaped(_ contextChannels: Int?) -> AttentionShape {
            AttentionShape(
                channels: width, contextChannels: contextChannels, heads: shape.heads, headDimension: shape.headDimension)
        }
        var hidden = x
        var normal = try layerNorm(hidden, "\(path).norm1", width, epsilon: 1e-5)
        let first =
            shape.onlyCrossAttention
            ? try attention(normal, context: context, "\(path).attn1", shaped(shape.contextChannels))
            : try attention(normal, "\(path).attn1", shaped(nil))
        hidden = try graph.add(first, hidden, name: "\(path).attn1/AddResidual")

        normal = try layerNorm(hidden, "\(path).norm2", width, epsilon: 1e-5)
        let second = try attention(normal, context: context, "\(path).attn2", shaped(shape.contextChannels))
        hidden = try graph.add(second, hidden, name: "\(path).attn2/AddResidual")

        normal = try layerNorm(hidden, "\(path).norm3", width, epsilon: 1e-5)
        return try graph.add(geglu(normal, "\(path).ff", width), hidden, name: "\(path).ff/AddResidual")
    }

    /// Linear·GELU(linear), then linear back; diffusers' `FeedForward` with `GEGLU`.
    ///
    /// The checkpoint holds both first layers in one matrix. Each half is multiplied separately, so that the result needs no
    /// split, which the CPU plugin does by copying.
    private mutating func geglu(_ x: Value, _ path: String, _ width: Int) throws -> Value {
        let inner = 4 * width
        let hidden = try linear(x, "\(path).net.0.proj", width, 2 * inner, rows: 0..<inner)
        let gate = try linear(x, "\(path).net.0.proj", width, 2 * inner, rows: inner..<2 * inner)
        let gated = try graph.multiply(hidden, activation(gate, .gelu, "\(path).net.0"), name: "\(path).net.0/Multiply")
        return try linear(gated, "\(path).net.2", inner, width)
    }
}
