import ModelGraph
import TensorStore

/// A graph under construction, and the checkpoint with its weights.
///
/// Layers take `path`, their prefix in the checkpoint, which also names their nodes. Each states its tensors' shapes, so that a
/// checkpoint that does not fit its config is refused with the tensor's name.
struct NetworkBuilder {
    var graph: Graph
    let weights: Weights

    init(_ name: String, weights: Weights) {
        graph = Graph(name: name)
        self.weights = weights
    }

    /// The tensor at `name`, converted to f32.
    /// - Parameter rows: the rows of the first axis to use; nil for all.
    mutating func weight(_ name: String, _ shape: Shape, rows: Range<Int>? = nil) throws -> Value {
        let entry = try weights.entry(name, shape)
        guard !entry.isTransposed else {
            let whole = try graph.transpose(
                graph.weights(entry.data, entry.elementType, [shape[1], shape[0]], name: name), [1, 0])
            return try rows.map { try graph.slice(whole, axis: 0, $0) } ?? whole
        }
        guard let rows else { return try constant(entry, shape, name: name) }
        guard let part = entry.rows(rows) else {
            throw ArchitectureError.tensorShape(name, in: weights.source, expected: shape, found: entry.shape)
        }
        return try constant(part, part.shape, name: "\(name)[\(rows.lowerBound)..<\(rows.upperBound)]")
    }

    /// A tensor in f32; integers are multiplied by their scales, in the form that devices can keep compressed.
    private mutating func constant(_ entry: Weights.Entry, _ shape: Shape, name: String) throws -> Value {
        let stored = graph.weights(entry.data, entry.elementType, shape, name: name)
        guard let scales = entry.scales else { return stored }
        let factors = graph.constant(scales, shape: Self.scaleShape(scales, shape.rank), name: "\(name)/scale")
        return try graph.multiply(stored, factors, name: "\(name)/fq_weights_1")
    }

    /// Rows of a table: i64 `ids` `[...]` to f32 `[..., columns]`. Rows are gathered before the conversion, since a table is far
    /// larger than the rows of one text.
    mutating func embedding(_ ids: Value, _ name: String, _ rows: Int, _ columns: Int) throws -> Value {
        let entry = try weights.entry(name, [rows, columns])
        let gathered = try graph.gather(graph.constant(entry.data, entry.elementType, [rows, columns], name: name), ids)
        let converted = entry.elementType == .f32 ? gathered : graph.convert(gathered, to: .f32)
        guard let scales = entry.scales else { return converted }
        let factors = graph.constant(scales, shape: Self.scaleShape(scales, 2), name: "\(name)/scale")
        return try graph.multiply(converted, scales.count == rows ? graph.gather(factors, ids) : factors)
    }

    /// One factor a row of a tensor of `rank` axes.
    private static func scaleShape(_ scales: [Float], _ rank: Int) -> Shape {
        Shape([scales.count] + Array(repeating: 1, count: max(0, rank - 1)))
    }

    /// torch's `Linear`: x `[..., inputs]` to `[..., outputs]`.
    /// - Parameter rows: the outputs to compute; nil for all.
    mutating func linear(
        _ x: Value, _ path: String, _ inputs: Int, _ outputs: Int, bias: Bool = true, rows: Range<Int>? = nil
    ) throws -> Value {
        let suffix = rows.map { "[\($0.lowerBound)..<\($0.upperBound)]" } ?? ""
        let product: Value
        let stored = try weights.entry("\(path).weight", [outputs, inputs])
        if stored.isTransposed, rows == nil {
            let matrix = graph.weights(stored.data, stored.elementType, [inputs, outputs], name: "\(path).weight")
            product = try graph.matMul(x, matrix, name: "\(path)/MatMul")
        } else {
            let matrix = try weight("\(path).weight", [outputs, inputs], rows: rows)
            product = try graph.matMul(x, matrix, transposeB: true, name: "\(path)\(suffix)/MatMul")
        }
        guard bias else { return product }
        return try graph.add(product, weight("\(path).bias", [outputs], rows: rows), name: "\(path)\(suffix)/Add")
    }

    /// torch's `Conv2d`: x `[B, inputs, H, W]` to `[B, outputs, H', W']`; the kernel is square.
    /// - Parameter paddingEnd: the padding at the bottom and right; nil for `padding`.
    mutating func convolution(
        _ x: Value, _ path: String, _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1, padding: Int? = nil,
        paddingEnd: Int? = nil, bias: Bool = true
    ) throws -> Value {
        let weights = try weight("\(path).weight", [outputs, inputs, kernel, kernel])
        let before = padding ?? (kernel - 1) / 2
        let after = paddingEnd ?? before
        let product = try graph.convolution(
            x, weights, stride: stride, padding: [before, before], paddingEnd: [after, after], name: "\(path)/Convolution")
        guard bias else { return product }
        let terms = try channelwise(weight("\(path).bias", [outputs]), outputs)
        return try graph.add(product, terms, name: "\(path)/Add")
    }

    /// torch's `GroupNorm` with scale and bias: x `[B, channels, ...]`.
    mutating func groupNorm(_ x: Value, _ path: String, _ channels: Int, groups: Int, epsilon: Double) throws -> Value {
        let scale = try weight("\(path).weight", [channels])
        let bias = try weight("\(path).bias", [channels])
        return try graph.groupNormalization(
            x, scale: scale, bias: bias, groups: groups, epsilon: epsilon, name: "\(path)/GroupNormalization")
    }

    /// torch's `LayerNorm` over the last axis: x `[..., channels]`.
    mutating func layerNorm(_ x: Value, _ path: String, _ channels: Int, epsilon: Double) throws -> Value {
        let normal = try graph.meanVarianceNormalization(x, axes: [-1], epsilon: epsilon, name: "\(path)/MVN")
        let scaled = try graph.multiply(normal, weight("\(path).weight", [channels]), name: "\(path)/Multiply")
        return try graph.add(scaled, weight("\(path).bias", [channels]), name: "\(path)/Add")
    }

    /// A vector `[channels]` as `[1, channels, 1, 1]`, to broadcast over an image.
    mutating func channelwise(_ vector: Value, _ channels: Int) throws -> Value {
        try graph.reshape(vector, to: [1, channels, 1, 1])
    }

    /// An activation by its name in configs.
    mutating func activation(_ x: Value, _ activation: Activation, _ path: String) throws -> Value {
        switch activation {
        case .quickGELU:
            let gate = try graph.unary(.sigmoid, graph.multiply(x, by: 1.702), name: "\(path)/Sigmoid")
            return try graph.multiply(x, gate, name: "\(path)/Multiply")
        case .silu: return try graph.unary(.swish, x, name: "\(path)/Swish")
        case .gelu: return try graph.unary(.gelu, x, name: "\(path)/Gelu")
        case .mish: return try graph.unary(.mish, x, name: "\(path)/Mish")
        case .relu: return try graph.unary(.relu, x, name: "\(path)/ReLU")
        }
    }
}

/// Activations, with their names in configs.
public enum Activation: String, Sendable, CaseIterable {
    case silu, gelu, mish, relu
    /// x·sigmoid(1.702·x), CLIP's own approximation of GELU.
    case quickGELU = "quick_gelu"
}

extension ConstantData {
    /// `byteCount` bytes from `offset` on, which must lie within the data.
    func slice(offset: Int, byteCount: Int) -> ConstantData {
        switch self {
        case .bytes(let bytes): .bytes(Array(bytes[offset..<offset + byteCount]))
        case .file(let file, let start, _): .file(file, offset: start + offset, byteCount: byteCount)
        }
    }
}
