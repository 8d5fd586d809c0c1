/// The Fréchet distance of two normal distributions: |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½); FID where the features are
/// Inception's (Heusel et al. 2017).
///
/// The trace of the root is computed from (Σ₁^½ Σ₂ Σ₁^½)^½. That matrix is symmetric, so its eigenvalues are real, and
/// covariances of fewer vectors than features need no ε on their diagonals.
public enum FrechetDistance {
    /// - Returns: 0 or more, up to rounding.
    /// - Throws: `EvaluationError.count` where the numbers of features differ, `.tooFewSamples`, `.eigenvalues`.
    public static func between(_ a: FeatureMoments, _ b: FeatureMoments) throws(EvaluationError) -> Double {
        guard a.featureCount == b.featureCount else {
            throw .count(what: "features", expected: a.featureCount, found: b.featureCount)
        }
        let size = a.featureCount
        let (first, second) = (try a.covariance(), try b.covariance())
        let system = try Eigensystem(first, size: size, vectors: true)
        // D^½ Vᵀ Σ₂ V D^½ has the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, and saves a change of basis.
        var inner = product(system.vectors, transposed: true, product(second, system.vectors, size: size), size: size)
        // Rounding leaves eigenvalues of 0 slightly negative.
        let roots = system.values.map { max($0, 0).squareRoot() }
        for column in 0..<size {
            for row in 0..<size { inner[column * size + row] *= roots[row] * roots[column] }
        }
        let trace = try Eigensystem(inner, size: size, vectors: false).values.reduce(0) { $0 + max($1, 0).squareRoot() }
        var distance = zip(a.mean, b.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        for index in 0..<size { distance += first[index * size + index] + second[index * size + index] }
        return distance - 2 * trace
    }
}
