import Foundation

/// A filter for resizing pictures: Pillow's `Image.Resampling`.
///
/// All but `nearest` are kernels. When the picture shrinks, the kernel is widened by the same factor.
public enum ResamplingFilter: String, Sendable, Hashable, CaseIterable {
    /// The old sample whose area contains the new sample's center.
    case nearest
    case box, bilinear, hamming
    /// Keys 1981, a = −0.5.
    case bicubic
    /// Sinc with three zeros at each side, windowed by its own main lobe (a = 3).
    case lanczos

    /// The filter of Pillow's number, which preprocessor_config.json uses.
    public init?(pillow number: Int) {
        let filters: [ResamplingFilter] = [.nearest, .lanczos, .bilinear, .bicubic, .box, .hamming]
        guard filters.indices.contains(number) else { return nil }
        self = filters[number]
    }

    /// Kernel radius, in samples, when the size stays the same.
    var support: Double {
        switch self {
        case .nearest, .box: 0.5
        case .bilinear, .hamming: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// Value of the kernel at `x` samples from its center, in Pillow's order of operations.
    func weight(_ x: Double) -> Double {
        switch self {
        case .nearest, .box: return x > -0.5 && x <= 0.5 ? 1 : 0
        case .bilinear: return max(0, 1 - abs(x))
        case .hamming:
            let x = abs(x)
            // Pillow computes the window in single precision.
            return x < 1 ? Self.sinc(x) * (x == 0 ? 1 : Double(0.54 as Float) + Double(0.46 as Float) * cos(x * .pi)) : 0
        case .bicubic:
            let (x, a) = (abs(x), -0.5)
            if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
        case .lanczos: return -3 <= x && x < 3 ? Self.sinc(x) * Self.sinc(x / 3) : 0
        }
    }

    private static func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
}

/// Weights of the old samples in each new sample along an axis, in Pillow's fixed point.
struct ResamplingWeights {
    static let fractionBits: Int32 = 22
    /// One half in fixed point, added before the fraction is cut off so that the result is rounded.
    static let half: Int32 = 1 << (fractionBits - 1)

    /// Index of the first old sample of each new sample.
    private(set) var firsts: [Int] = []
    /// Number of old samples of each new sample.
    private(set) var counts: [Int] = []
    /// `stride` weights per new sample, of which the first `counts` are used.
    private(set) var weights: [Int32] = []
    let stride: Int

    init(_ filter: ResamplingFilter, from oldSize: Int, to newSize: Int) {
        let scale = Double(oldSize) / Double(newSize)
        let support = filter.support * max(scale, 1)
        let narrowing = 1 / max(scale, 1)
        stride = min(Int(support.rounded(.up)) * 2 + 1, oldSize)
        weights.reserveCapacity(stride * newSize)
        for index in 0..<newSize {
            let center = (Double(index) + 0.5) * scale
            let first = max(0, Int(center - support + 0.5))
            let end = min(oldSize, Int(center + support + 0.5))
            let exact = (first..<end).map { filter.weight((Double($0) - center + 0.5) * narrowing) }
            let sum = exact.reduce(0, +)
            firsts.append(first)
            counts.append(exact.count)
            for weight in exact { weights.append(Self.fixed(sum == 0 ? weight : weight / sum)) }
            weights.append(contentsOf: repeatElement(0, count: stride - exact.count))
        }
    }

    private static func fixed(_ weight: Double) -> Int32 {
        Int32(weight * Double(1 << fractionBits) + (weight < 0 ? -0.5 : 0.5))
    }
}
