import Foundation

/// How a picture's samples at another size are made of those it has; Pillow's `Image.Resampling`.
///
/// All but `nearest` are kernels, which are as much wider as the picture gets smaller.
public enum ResamplingFilter: String, Sendable, Hashable, CaseIterable {
    /// The sample whose square the new one's middle lies in.
    case nearest
    case box, bilinear, hamming
    /// Keys 1981, a = −0.5.
    case bicubic
    /// The sinc over three zeros at each side, windowed by its own middle.
    case lanczos

    /// By Pillow's number, as preprocessor_config.json has it.
    public init?(pillow number: Int) {
        let filters: [ResamplingFilter] = [.nearest, .lanczos, .bilinear, .bicubic, .box, .hamming]
        guard filters.indices.contains(number) else { return nil }
        self = filters[number]
    }

    /// How far the kernel reaches at each side, in samples of a picture that keeps its size.
    var support: Double {
        switch self {
        case .nearest, .box: 0.5
        case .bilinear, .hamming: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The kernel at `x` samples from its middle, in Pillow's order of operations.
    func weight(_ x: Double) -> Double {
        switch self {
        case .nearest, .box: return x > -0.5 && x <= 0.5 ? 1 : 0
        case .bilinear: return max(0, 1 - abs(x))
        case .hamming:
            let x = abs(x)
            // The window's numbers are single precision in Pillow.
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
