import TensorStore

extension Graph {
    /// `[..., M, K] × [..., K, N]` to `[..., M, N]`; leading axes broadcast (MatMul, opset1).
    /// - Parameters:
    ///   - transposeA: `a` is `[..., K, M]`.
    ///   - transposeB: `b` is `[..., N, K]`, as torch keeps the weights of linear layers.
    public mutating func matMul(
        _ a: Value, _ b: Value, transposeA: Bool = false, transposeB: Bool = false, name: String? = nil
    ) throws(GraphError) -> Value {
        guard a.elementType == b.elementType, a.elementType != .boolean, a.elementType != .string else {
            throw refusal("MatMul", [a, b], "both operands must be numbers of one type", name: name)
        }
        var shape = PartialShape.any
        if let left = a.shape.dimensions, let right = b.shape.dimensions {
            guard left.count >= 2, right.count >= 2 else {
                throw refusal("MatMul", [a, b], "each operand needs two axes or more", name: name)
            }
            let (rows, inner) =
                transposeA ? (left[left.count - 1], left[left.count - 2]) : (left[left.count - 2], left[left.count - 1])
            let (depth, columns) =
                transposeB ? (right[right.count - 1], right[right.count - 2]) : (right[right.count - 2], right[right.count - 1])
            guard inner.isCompatible(with: depth) else {
                throw refusal("MatMul", [a, b], "the inner axes must agree (\(inner) and \(depth))", name: name)
            }
            guard
                let batch = PartialShape.broadcast(PartialShape(Array(left.dropLast(2))), PartialShape(Array(right.dropLast(2)))),
                let leading = batch.dimensions
            else { throw refusal("MatMul", [a, b], "the leading axes must broadcast against each other", name: name) }
            shape = PartialShape(leading + [rows, columns])
        }
        return append(
            "MatMul", name: name, attributes: [.init("transpose_a", "\(transposeA)"), .init("transpose_b", "\(transposeB)")],
            inputs: [a, b], elementType: a.elementType, shape: shape)
    }

    /// 2-D convolution without bias, `x` `[B, C, H, W]`, `weights` `[O, C, kh, kw]` (Convolution, opset1).
    /// - Parameters:
    ///   - stride: along height and width.
    ///   - padding: zeros added above and at the left; also below and at the right unless `paddingEnd` is given.
    public mutating func convolution(
        _ x: Value, _ weights: Value, stride: Int = 1, padding: [Int] = [0, 0], paddingEnd: [Int]? = nil, name: String? = nil
    ) throws(GraphError) -> Value {
        precondition(padding.count == 2 && paddingEnd?.count ?? 2 == 2, "padding is given for height and width")
        guard x.elementType == weights.elementType else {
            throw refusal("Convolution", [x, weights], "both operands must be of one type", name: name)
        }
        guard x.shape.rank ?? 4 == 4, let kernel = weights.shape.dimensions, kernel.count == 4 else {
            throw refusal(
                "Convolution", [x, weights], "the input must be [B, C, H, W] and the weights [O, C, kh, kw]", name: name)
        }
        let input = x.shape.dimensions ?? [.any, .any, .any, .any]
        guard input[1].isCompatible(with: kernel[1]) else {
            throw refusal(
                "Convolution", [x, weights], "the input's channels (\(input[1])) must be the weights' (\(kernel[1]))", name: name)
        }
        let end = paddingEnd ?? padding
        guard stride > 0, (padding + end).allSatisfy({ $0 >= 0 }) else {
            throw refusal(
                "Convolution", [x, weights], "stride \(stride) must be positive, padding \(padding), \(end) not negative",
                name: name)
        }
        var spatial: [Dimension] = []
        for axis in 2...3 {
            guard let size = input[axis].fixedValue, let window = kernel[axis].fixedValue else {
                spatial.append(.any)
                continue
            }
            guard case .fixed(let padded) = .fixed(size) + .fixed(padding[axis - 2]) + .fixed(end[axis - 2]) else {
                spatial.append(.any)
                continue
            }
            let steps = padded - window
            guard steps >= 0 else {
                throw refusal("Convolution", [x, weights], "the kernel must fit into the padded input", name: name)
            }
            spatial.append(.fixed(steps / stride + 1))
        }
        return append(
            "Convolution", name: name,
            attributes: [
                .init("strides", "\(stride), \(stride)"), .init("dilations", "1, 1"),
                .init("pads_begin", "\(padding[0]), \(padding[1])"),
                .init("pads_end", "\(end[0]), \(end[1])"), .init("auto_pad", "explicit"),
            ],
            inputs: [x, weights], elementType: x.elementType, shape: PartialShape([input[0], kernel[0]] + spatial))
    }
}

extension Graph {
    /// softmax(q·kᵀ·scale + mask)·v (ScaledDotProductAttention, opset13); the default scale is 1/√d.
    /// - Parameters:
    ///   - query: `[B, heads, N, d]`.
    ///   - key, value: `[B, heads, S, d]`.
    ///   - mask: added to the scores; broadcasts to `[B, heads, N, S]`.
    ///   - causal: whether a position attends only to itself and earlier positions; not together with `mask`.
    public mutating func scaledDotProductAttention(
        _ query: Value, _ key: Value, _ value: Value, mask: Value? = nil, causal: Bool = false, name: String? = nil
    ) throws(GraphError) -> Value {
        let inputs = [query, key, value] + (mask.map { [$0] } ?? [])
        guard let q = query.shape.dimensions, let k = key.shape.dimensions, let v = value.shape.dimensions, q.count == 4,
            k.count == 4,
            v.count == 4
        else {
            throw refusal("ScaledDotProductAttention", inputs, "query, key and value must be [B, heads, tokens, d]", name: name)
        }
        guard query.elementType.isFloatingPoint, key.elementType == query.elementType, value.elementType == query.elementType
        else {
            throw refusal(
                "ScaledDotProductAttention", inputs, "query, key and value must be of one floating-point type", name: name)
        }
        guard q[3].isCompatible(with: k[3]), k[2].isCompatible(with: v[2]),
            (0...1).allSatisfy({
                q[$0].isCompatible(with: k[$0]) && k[$0].isCompatible(with: v[$0]) && q[$0].isCompatible(with: v[$0])
            })
        else {
            throw refusal(
                "ScaledDotProductAttention", inputs,
                "query and key must agree in d, key and value in tokens, all of them in batch and heads", name: name)
        }
        if let mask {
            let scores: PartialShape = [q[0], q[1], q[2], k[2]]
            guard !causal, mask.elementType == query.elementType || mask.elementType == .boolean,
                mask.shape.rank ?? 4 <= 4, PartialShape.broadcast(mask.shape, scores)?.isCompatible(with: scores) == true
            else {
                throw refusal(
                    "ScaledDotProductAttention", inputs,
                    "the mask must be of the query's type or boolean, broadcast to \(scores), and come without 'causal'",
                    name: name)
            }
        }
        return append(
            "ScaledDotProductAttention", opset: 13, name: name, attributes: [.init("causal", "\(causal)")], inputs: inputs,
            elementType: query.elementType, shape: PartialShape([q[0], q[1], q[2], v[3]]))
    }
}
