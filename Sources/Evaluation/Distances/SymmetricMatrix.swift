import CLAPACK

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
