import Foundation
public import Imaging

/// Structural similarity of two pictures: 1 for equal pictures, near 0 or below for unrelated ones.
///
/// Wang, Bovik, Sheikh and Simoncelli 2004 with their own settings: a Gaussian window of 11×11 and σ = 1.5, K₁ = 0.01, K₂ = 0.03,
/// averaged over all positions of the window within the picture, then over red, green and blue. Equal to scikit-image's
/// `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=2)`.
public enum SSIM {
    /// Pixels along each side of the window, and the shortest side of a picture.
    public static let windowSize = 11

    /// - Throws: `EvaluationError.pictureSize`, `.tooSmall`.
    public static func between(_ a: RGBImage, _ b: RGBImage) throws(EvaluationError) -> Double {
        try requireSameSize(a, b)
        guard min(a.width, a.height) >= windowSize else {
            throw .tooSmall(width: a.width, height: a.height, minimum: windowSize, measure: "SSIM")
        }
        let means = (0..<3).map { mean(a, b, channel: $0) }
        return means.reduce(0, +) / 3
    }

    /// The mean over the picture for one channel.
    private static func mean(_ a: RGBImage, _ b: RGBImage, channel: Int) -> Double {
        let (width, height) = (a.width, a.height)
        let x = stride(from: channel, to: a.bytes.count, by: 3).map { Double(a.bytes[$0]) }
        let y = stride(from: channel, to: b.bytes.count, by: 3).map { Double(b.bytes[$0]) }
        let meanX = filtered(x, width, height)
        let meanY = filtered(y, width, height)
        let squareX = filtered(x.map { $0 * $0 }, width, height)
        let squareY = filtered(y.map { $0 * $0 }, width, height)
        let product = filtered(zip(x, y).map { $0 * $1 }, width, height)
        let c1 = 0.01 * 255 * 0.01 * 255
        let c2 = 0.03 * 255 * 0.03 * 255
        var sum = 0.0
        for index in meanX.indices {
            let (ux, uy) = (meanX[index], meanY[index])
            let varianceX = squareX[index] - ux * ux
            let varianceY = squareY[index] - uy * uy
            let covariance = product[index] - ux * uy
            sum += (2 * ux * uy + c1) * (2 * covariance + c2) / ((ux * ux + uy * uy + c1) * (varianceX + varianceY + c2))
        }
        return sum / Double(meanX.count)
    }

    private static let kernel: [Double] = {
        let weights = (0..<windowSize).map { exp(-pow(Double($0 - windowSize / 2), 2) / (2 * 1.5 * 1.5)) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }()

    /// The weighted mean of every position of the window: width and height each lose 10. Rows first, then columns.
    private static func filtered(_ samples: [Double], _ width: Int, _ height: Int) -> [Double] {
        let (columns, rows) = (width - windowSize + 1, height - windowSize + 1)
        let taps = kernel
        var horizontal = [Double](repeating: 0, count: columns * height)
        for row in 0..<height {
            for column in 0..<columns {
                var sum = 0.0
                for tap in 0..<windowSize { sum += taps[tap] * samples[row * width + column + tap] }
                horizontal[row * columns + column] = sum
            }
        }
        var result = [Double](repeating: 0, count: columns * rows)
        for row in 0..<rows {
            for column in 0..<columns {
                var sum = 0.0
                for tap in 0..<windowSize { sum += taps[tap] * horizontal[(row + tap) * columns + column] }
                result[row * columns + column] = sum
            }
        }
        return result
    }
}
