import Foundation
public import Imaging
public import TensorStore

/// Peak signal-to-noise ratio in dB: 10 · log₁₀(peak² / mean squared difference), infinite where the inputs are equal.
public enum PSNR {
    /// The ratio of two pictures of one size, over all samples; the peak is 255.
    /// - Throws: `EvaluationError.pictureSize`.
    public static func between(_ a: RGBImage, _ b: RGBImage) throws(EvaluationError) -> Double {
        try requireSameSize(a, b)
        var sum = 0
        a.bytes.withUnsafeBufferPointer { first in
            b.bytes.withUnsafeBufferPointer { second in
                for index in first.indices {
                    let difference = Int(first[index]) - Int(second[index])
                    sum += difference * difference
                }
            }
        }
        return decibels(meanSquare: Double(sum) / Double(a.bytes.count), peak: 255)
    }

    /// The ratio of two sequences of samples.
    /// - Parameter peak: the range of the signal, 1 for samples in 0…1 and 2 for samples in −1…1.
    /// - Returns: NaN where a sample is NaN.
    /// - Throws: `EvaluationError.count` for different numbers of samples, or none.
    public static func between(_ a: [Float], _ b: [Float], peak: Double) throws(EvaluationError) -> Double {
        guard a.count == b.count, !a.isEmpty else {
            throw .count(what: "samples", expected: max(a.count, 1), found: b.count)
        }
        var sum = 0.0
        for index in a.indices {
            let difference = Double(a[index]) - Double(b[index])
            sum += difference * difference
        }
        return decibels(meanSquare: sum / Double(a.count), peak: peak)
    }

    private static func decibels(meanSquare: Double, peak: Double) -> Double {
        meanSquare == 0 ? .infinity : 10 * log10(peak * peak / meanSquare)
    }
}

/// - Throws: `EvaluationError.pictureSize` where the sizes differ.
func requireSameSize(_ a: RGBImage, _ b: RGBImage) throws(EvaluationError) {
    guard a.width == b.width, a.height == b.height else {
        throw .pictureSize(width: a.width, height: a.height, other: (b.width, b.height))
    }
}

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
