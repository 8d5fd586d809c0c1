import Foundation
public import Imaging

extension RGBImage {
    /// The picture at another size by bicubic interpolation (Keys 1981, a = −0.5), whose kernel is as much wider as the picture
    /// gets smaller; the same bytes as Pillow's `resize(…, BICUBIC)`: width first, then height, each in fixed point and rounded
    /// to 8 bits. (Pillow 13 takes height first for some pictures that shrink more in height than in width, whose bytes then
    /// differ.)
    /// - Throws: `ImageError.size` where a side is below 1 or the picture would not fit memory.
    public func resizedBicubic(width: Int, height: Int) throws(ImageError) -> RGBImage {
        var result = self
        if width != self.width {
            result = try result.resampled(Taps(self.width, width), width: width, height: self.height, isHorizontal: true)
        }
        if height != self.height {
            result = try result.resampled(Taps(self.height, height), width: width, height: height, isHorizontal: false)
        }
        return result
    }

    /// One axis changed.
    private func resampled(_ taps: Taps, width: Int, height: Int, isHorizontal: Bool) throws(ImageError) -> RGBImage {
        var bytes = try RGBImage(width: width, height: height).bytes
        let row = self.width * 3
        let step = isHorizontal ? 3 : row
        for y in 0..<height {
            for x in 0..<width {
                let (first, weights) = taps[isHorizontal ? x : y]
                let start = isHorizontal ? y * row + first * 3 : first * row + x * 3
                for channel in 0..<3 {
                    var sum = Taps.half
                    for (tap, weight) in weights.enumerated() { sum += Int(self.bytes[start + channel + tap * step]) * weight }
                    bytes[(y * width + x) * 3 + channel] = UInt8(clamping: sum >> Taps.fractionBits)
                }
            }
        }
        return try RGBImage(width: width, height: height, bytes: bytes)
    }
}

/// The weights of old samples in each new one along an axis, in fixed point.
private struct Taps {
    static let fractionBits = 22
    /// What is added so that cutting off the fraction rounds.
    static let half = 1 << (fractionBits - 1)

    /// The first old sample of each new one, and the weights of it and those after it.
    private var samples: [(first: Int, weights: [Int])] = []

    init(_ oldSize: Int, _ newSize: Int) {
        let scale = Double(oldSize) / Double(newSize)
        let width = max(scale, 1)
        for index in 0..<max(newSize, 0) {
            let center = (Double(index) + 0.5) * scale
            let first = max(0, Int(center - 2 * width + 0.5))
            let end = min(oldSize, Int(center + 2 * width + 0.5))
            let weights = (first..<end).map { Self.bicubic((Double($0) - center + 0.5) / width) }
            let sum = weights.reduce(0, +)
            samples.append(
                (first, weights.map { Int(($0 / sum * Double(1 << Self.fractionBits)).rounded(.toNearestOrAwayFromZero)) }))
        }
    }

    subscript(index: Int) -> (first: Int, weights: [Int]) { samples[index] }

    private static func bicubic(_ x: Double) -> Double {
        let (x, a) = (abs(x), -0.5)
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
}
