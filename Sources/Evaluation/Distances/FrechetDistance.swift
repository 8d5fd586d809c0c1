import CLAPACK

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

/// Running mean and covariance of feature vectors, in f64; the vectors themselves are not kept.
public struct FeatureMoments: Sendable {
    /// The number of features in a vector.
    public let featureCount: Int
    /// The number of vectors so far.
    public private(set) var sampleCount = 0
    /// Zeros before the first vector.
    public private(set) var mean: [Double]
    /// Sums of products of deviations from the mean; the lower triangle, row-major.
    private var comoment: [Double]

    /// - Throws: `EvaluationError.count`, `.tooManyFeatures`.
    public init(featureCount: Int) throws(EvaluationError) {
        guard featureCount > 0 else { throw .count(what: "features", expected: 1, found: featureCount) }
        guard featureCount <= 32000 else { throw .tooManyFeatures(featureCount) }
        self.featureCount = featureCount
        mean = [Double](repeating: 0, count: featureCount)
        comoment = [Double](repeating: 0, count: featureCount * featureCount)
    }

    /// Adds one vector (Welford's update, which keeps its precision where means are large against deviations).
    /// - Throws: `EvaluationError.count`, `.notFinite`; the vector is then not added.
    public mutating func add(_ features: some RandomAccessCollection<Float>) throws(EvaluationError) {
        guard features.count == featureCount else {
            throw .count(what: "features", expected: featureCount, found: features.count)
        }
        if let place = features.enumerated().first(where: { !$0.element.isFinite }) {
            throw .notFinite(what: "the features", index: place.offset)
        }
        sampleCount += 1
        let before = zip(features, mean).map { Double($0) - $1 }
        for index in mean.indices { mean[index] += before[index] / Double(sampleCount) }
        let after = zip(features, mean).map { Double($0) - $1 }
        for row in 0..<featureCount {
            let factor = after[row]
            let start = row * featureCount
            for column in 0...row { comoment[start + column] += factor * before[column] }
        }
    }

    /// The covariance matrix `[featureCount, featureCount]` with n − 1 as divisor, as `numpy.cov`.
    /// - Throws: `EvaluationError.tooFewSamples` below 2.
    public func covariance() throws(EvaluationError) -> [Double] {
        guard sampleCount >= 2 else { throw .tooFewSamples(sampleCount, minimum: 2) }
        let divisor = Double(sampleCount - 1)
        var result = [Double](repeating: 0, count: comoment.count)
        for row in 0..<featureCount {
            for column in 0...row {
                let value = comoment[row * featureCount + column] / divisor
                result[row * featureCount + column] = value
                result[column * featureCount + row] = value
            }
        }
        return result
    }
}

extension FeatureMoments {
    /// Precomputed moments, such as pytorch-fid's `mu` and `sigma`.
    /// - Parameters:
    ///   - covariance: `[n, n]`, with n − 1 as divisor.
    ///   - sampleCount: the number of vectors behind the moments; it does not change a distance.
    /// - Throws: `EvaluationError.count`, `.notFinite`, `.tooFewSamples`.
    public init(mean: [Double], covariance: [Double], sampleCount: Int = 2) throws(EvaluationError) {
        try self.init(featureCount: mean.count)
        guard covariance.count == mean.count * mean.count else {
            throw .count(what: "elements of the covariance", expected: mean.count * mean.count, found: covariance.count)
        }
        guard sampleCount >= 2 else { throw .tooFewSamples(sampleCount, minimum: 2) }
        if let index = mean.firstIndex(where: { !$0.isFinite }) { throw .notFinite(what: "the mean", index: index) }
        if let index = covariance.firstIndex(where: { !$0.isFinite }) { throw .notFinite(what: "the covariance", index: index) }
        self.mean = mean
        self.sampleCount = sampleCount
        comoment = covariance.map { $0 * Double(sampleCount - 1) }
    }
}

/// Eigenvalues, and eigenvectors as columns.
struct Eigensystem {
    let values: [Double]
    /// Column-major; empty where they were not requested.
    let vectors: [Double]

    /// The eigensystem of the symmetric `matrix`, size × size (LAPACK's dsyevd).
    /// - Throws: `EvaluationError.eigenvalues`, `.tooManyFeatures`.
    init(_ matrix: [Double], size: Int, vectors wanted: Bool) throws(EvaluationError) {
        precondition(matrix.count == size * size)
        // dsyevd's work array has 1 + 6n + 2n² elements, counted in 32 bits.
        guard size > 0, size <= 32000 else { throw .tooManyFeatures(size) }
        var n = Int32(size)
        var matrix = matrix
        var values = [Double](repeating: 0, count: size)
        var info: Int32 = 0
        var workCount = Int32(wanted ? 1 + 6 * size + 2 * size * size : 2 * size + 1)
        var integerCount = Int32(wanted ? 3 + 5 * size : 1)
        var work = [Double](repeating: 0, count: Int(workCount))
        var integers = [Int32](repeating: 0, count: Int(integerCount))
        var lda = n
        dsyevd_(wanted ? "V" : "N", "L", &n, &matrix, &lda, &values, &work, &workCount, &integers, &integerCount, &info, 1, 1)
        guard info == 0 else { throw .eigenvalues(info: Int(info)) }
        self.values = values
        vectors = wanted ? matrix : []
    }
}

/// op(a) · op(b) of square matrices, column-major (BLAS' dgemm).
func product(_ a: [Double], transposed: Bool = false, _ b: [Double], size: Int) -> [Double] {
    precondition(a.count == size * size && b.count == size * size)
    var c = [Double](repeating: 0, count: size * size)
    let n = Int32(size)
    withUnsafePointer(to: n) { n in
        withUnsafePointer(to: 1.0) { one in
            withUnsafePointer(to: 0.0) { zero in
                dgemm_(transposed ? "T" : "N", "N", n, n, n, one, a, n, b, n, zero, &c, n, 1, 1)
            }
        }
    }
    return c
}
