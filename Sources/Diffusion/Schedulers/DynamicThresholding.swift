/// Dynamic thresholding (Saharia et al. 2022, Imagen): each sample of the batch is clipped at a high percentile of its
/// magnitudes, and divided by it. For models of pixels; latents are not bounded.
///
/// Reference: `_threshold_sample` of diffusers' schedulers, with `torch.quantile`'s interpolation.
struct DynamicThresholding: Sendable {
    /// The quantile, 0 to 1.
    let ratio: Double
    /// The highest threshold; the lowest is 1.
    let maximum: Double

    /// - Parameter batch: the number of samples, which lie one after the other.
    func apply(to elements: inout [Float], batch: Int) {
        let size = elements.count / max(batch, 1)
        guard size > 0 else { return }
        for start in stride(from: 0, to: elements.count, by: size) {
            let quantile = quantile(elements[start..<start + size].map(abs))
            let threshold = quantile.isNaN ? quantile : min(max(quantile, 1), Float(maximum))
            for index in start..<start + size {
                elements[index] = min(max(elements[index], -threshold), threshold) / threshold
            }
        }
    }

    /// Interpolated between the two nearest ranks; NaN where an element is.
    private func quantile(_ elements: [Float]) -> Float {
        if elements.contains(where: \.isNaN) { return .nan }
        let sorted = elements.sorted()
        let rank = Float(ratio) * Float(sorted.count - 1)
        let below = sorted[Int(rank)]
        let above = sorted[min(Int(rank.rounded(.up)), sorted.count - 1)]
        let weight = rank - rank.rounded(.down)
        return weight < 0.5 ? below + weight * (above - below) : above - (above - below) * (1 - weight)
    }
}
