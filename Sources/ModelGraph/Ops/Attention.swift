import TensorStore

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
