import TensorStore

extension Graph {
    /// softmax(q·kᵀ·scale + mask)·v (ScaledDotProductAttention, opset13), scale 1/√d where none is given.
    /// - Parameters:
    ///   - query: `[B, heads, N, d]`.
    ///   - key, value: `[B, heads, S, d]`.
    ///   - mask: added to the scores; broadcasts to `[B, heads, N, S]`.
    ///   - causal: a position sees itself and what comes before; not together with `mask`.
    public mutating func scaledDotProductAttention(
        _ query: Value, _ key: Value, _ value: Value, mask: Value? = nil, causal: Bool = false, name: String? = nil
    ) throws(GraphError) -> Value {
        let inputs = [query, key, value] + (mask.map { [$0] } ?? [])
        guard let q = query.shape.dimensions, let k = key.shape.dimensions, let v = value.shape.dimensions, q.count == 4, k.count == 4,
            v.count == 4
        else { throw refusal("ScaledDotProductAttention", inputs, "query, key and value must be [B, heads, tokens, d]", name: name) }
        guard q[3].isCompatible(with: k[3]), k[2].isCompatible(with: v[2]), q[1].isCompatible(with: k[1]), k[1].isCompatible(with: v[1])
        else {
            throw refusal(
                "ScaledDotProductAttention", inputs, "query and key must agree in d, key and value in tokens, all of them in heads", name: name)
        }
        return append(
            "ScaledDotProductAttention", opset: 13, name: name, attributes: [.init("causal", "\(causal)")], inputs: inputs,
            elementType: query.elementType, shape: PartialShape([q[0], q[1], q[2], v[3]]))
    }
}
