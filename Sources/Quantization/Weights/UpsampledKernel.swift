/// Rounding of 3×3 kernels of convolutions over pictures whose pixels are repeated to 2×2.
///
/// Along each axis, a pixel of the original picture meets element 0, 1 + 2, 0 + 1 or 2 of the kernel. Only these sums, over rows
/// and columns, affect the result.
enum UpsampledKernel {
    /// The largest magnitude of the 16 sums.
    static func largestSum(_ kernel: UnsafePointer<Float>) -> Float {
        var largest: Float = 0
        func columns(_ a: Float, _ b: Float, _ c: Float) { largest = max(largest, abs(a), abs(b + c), abs(a + b), abs(c)) }
        func sums(_ column: Int) -> (Float, Float, Float, Float) {
            let (a, b, c) = (kernel[column], kernel[3 + column], kernel[6 + column])
            return (a, b + c, a + b, c)
        }
        let (left, middle, right) = (sums(0), sums(1), sums(2))
        columns(left.0, middle.0, right.0)
        columns(left.1, middle.1, right.1)
        columns(left.2, middle.2, right.2)
        columns(left.3, middle.3, right.3)
        return largest
    }

    /// Rounds the kernel over `scale` to integers whose sums are close to the kernel's sums. Elements are rounded one after the
    /// other. Each element compensates the share of the later elements' errors that it can (Babai's nearest plane). `codes` stay
    /// unchanged if a sum or an integer would exceed `limit`.
    static func round(
        _ kernel: UnsafePointer<Float>, _ scale: Float, limit: Float, _ codes: UnsafeMutablePointer<UInt8>
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 18) { buffer in
            guard let rounded = buffer.baseAddress else { return }
            let errors = rounded + 9
            for i in (0..<9).reversed() {
                let exact = kernel[i] / scale
                var wanted = exact
                // Neighbours later in the row and the column.
                let (right, below) = (share(i % 3), share(i / 3))
                if right != 0 { wanted += right * errors[i + 1] }
                if below != 0 { wanted += below * errors[i + 3] }
                if right != 0, below != 0 { wanted += right * below * errors[i + 4] }
                rounded[i] = wanted.rounded(.toNearestOrEven)
                errors[i] = exact - rounded[i]
            }
            let largest = (0..<9).reduce(largestSum(rounded)) { max($0, abs(rounded[$1])) }
            guard largest <= limit else { return }
            for i in 0..<9 { codes[i] = UInt8(truncatingIfNeeded: Int(rounded[i])) }
        }
    }

    /// The share of the rounding error of a kernel's element that the element before it, along one axis, compensates.
    ///
    /// With e₀, e₁, e₂ the errors of a row's three elements, the squared errors of the row's sums (see the type) add up to
    /// 2(e₀ + e₁/2)² + 3/2·(e₁ + 2/3·e₂)² + 4/3·e₂².
    private static func share(_ place: Int) -> Float { place == 0 ? 1.0 / 2 : place == 1 ? 2.0 / 3 : 0 }
}
