import ModelGraph
import TensorStore

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
