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

/// Sizes of one attention layer, diffusers' `Attention`.
struct AttentionShape {
    /// Channels of the queries.
    let channels: Int
    /// Channels of the context, for keys and values; nil for self-attention.
    var contextChannels: Int?
    let heads: Int
    let headDimension: Int
    /// Whether queries, keys and values have a bias.
    var bias = false

    var innerChannels: Int { heads * headDimension }
}

extension NetworkBuilder {
    /// Multi-head attention: x `[B, N, channels]`, context `[B, S, contextChannels]`, to `[B, N, channels]`.
    mutating func attention(_ x: Value, context: Value? = nil, _ path: String, _ shape: AttentionShape) throws -> Value {
        let source = context ?? x
        let sourceChannels = shape.contextChannels ?? shape.channels
        let query = try heads(
            linear(x, "\(path).to_q", shape.channels, shape.innerChannels, bias: shape.bias), "\(path).to_q", shape)
        let key = try heads(
            linear(source, "\(path).to_k", sourceChannels, shape.innerChannels, bias: shape.bias), "\(path).to_k", shape)
        let value = try heads(
            linear(source, "\(path).to_v", sourceChannels, shape.innerChannels, bias: shape.bias), "\(path).to_v", shape)
        let attended = try graph.scaledDotProductAttention(query, key, value, name: "\(path)/ScaledDotProductAttention")
        return try linear(
            mergedHeads(attended, path, shape.innerChannels), "\(path).to_out.0", shape.innerChannels, shape.channels)
    }

    /// `[B, N, heads·d]` to `[B, heads, N, d]`.
    mutating func heads(_ x: Value, _ path: String, _ shape: AttentionShape) throws -> Value {
        let split = try graph.reshape(x, to: [0, 0, shape.heads, shape.headDimension], name: "\(path)/Reshape")
        return try graph.transpose(split, [0, 2, 1, 3], name: "\(path)/Transpose")
    }

    /// `[B, heads, N, d]` to `[B, N, heads·d]`.
    mutating func mergedHeads(_ x: Value, _ path: String, _ channels: Int) throws -> Value {
        let merged = try graph.transpose(x, [0, 2, 1, 3], name: "\(path)/Transpose")
        return try graph.reshape(merged, to: [0, 0, channels], name: "\(path)/Reshape")
    }

    // MARK: Pictures as sequences

    /// `[B, C, H, W]` to `[B, H·W, C]`.
    mutating func tokens(_ x: Value, _ path: String, _ channels: Int) throws -> Value {
        let last = try graph.transpose(x, [0, 2, 3, 1], name: "\(path)/Transpose")
        return try graph.reshape(last, to: [0, -1, channels], name: "\(path)/Reshape")
    }

    /// `[B, H·W, C]` to `[B, C, H, W]`, height and width those of `model` `[B, _, H, W]`.
    mutating func image(_ x: Value, like model: Value, _ path: String, _ channels: Int) throws -> Value {
        let split: Value
        if let height = model.shape.dimensions?[2].fixedValue, let width = model.shape.dimensions?[3].fixedValue {
            split = try graph.reshape(x, to: [0, height, width, channels], name: "\(path)/Reshape")
        } else {
            let sizes = try graph.gather(graph.shapeOf(model), graph.integers([0, 2, 3]))
            let shape = try graph.concatenate([sizes, graph.integers([channels])], axis: 0)
            split = try graph.reshape(
                x, to: shape, known: PartialShape([x.shape.dimensions?[0] ?? .any, .any, .any, .fixed(channels)]))
        }
        return try graph.transpose(split, [0, 3, 1, 2], name: "\(path)/Transpose")
    }
}
