public import TensorStore

/// The cosine of the angle between two tensors as vectors, −1…1; 1 for equal directions. Accumulated in f64.
///
/// - Returns: NaN where either tensor is all zeros.
/// - Throws: `EvaluationError.count` where the tensors have different numbers of elements, or none; `TensorError.elementType`
///   for types other than f32.
public func cosineSimilarity(_ a: Tensor, _ b: Tensor) throws -> Double {
    let (a, b): ([Float], [Float]) = (try a.elements(), try b.elements())
    guard a.count == b.count, !a.isEmpty else {
        throw EvaluationError.count(what: "elements", expected: max(a.count, 1), found: b.count)
    }
    var (product, squareA, squareB) = (0.0, 0.0, 0.0)
    for index in a.indices {
        let (x, y) = (Double(a[index]), Double(b[index]))
        product += x * y
        squareA += x * x
        squareB += y * y
    }
    return product / (squareA.squareRoot() * squareB.squareRoot())
}
