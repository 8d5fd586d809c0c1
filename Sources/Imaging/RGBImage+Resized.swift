import Foundation

extension RGBImage {
    /// Resizes the picture; same bytes as Pillow 13's `resize`, see `PixelRows.resized`.
    /// - Throws: `ImageError.size` for a side below 1 or above the default `ImageLimits`.
    public func resized(width: Int, height: Int, filter: ResamplingFilter = .lanczos) throws(ImageError) -> RGBImage {
        try RGBImage(rows.resized(width: width, height: height, filter: filter))
    }

    /// Resizes the picture by Lanczos for an autoencoder, as diffusers' `VaeImageProcessor.preprocess` does. The size is the
    /// given one or the picture's own, each side rounded down to a multiple of `multiple`.
    /// - Throws: `ImageError.size` if a side is less than `multiple`.
    public func resized(toMultipleOf multiple: Int, width: Int? = nil, height: Int? = nil) throws(ImageError) -> RGBImage {
        let (width, height) = (width ?? self.width, height ?? self.height)
        guard multiple > 0, width >= multiple, height >= multiple else {
            throw .size(width: width, height: height, expected: nil, found: 0)
        }
        return try resized(width: width - width % multiple, height: height - height % multiple)
    }

    var rows: PixelRows { PixelRows(width: width, height: height, channels: 3, bytes: bytes) }

    init(_ rows: PixelRows) throws(ImageError) {
        try self.init(width: rows.width, height: rows.height, bytes: rows.bytes)
    }
}

/// Pixels of 8-bit channels, rows from top to bottom; the common base of `RGBImage` and `GrayImage`.
struct PixelRows {
    let width: Int
    let height: Int
    /// Samples per pixel.
    let channels: Int
    let bytes: [UInt8]

    /// Resizes the pixels; same bytes as Pillow 13's `resize`. Axes are resized one after the other, each in fixed point
    /// with rounding to 8 bits.
    ///
    /// Pillow up to 12 always resized the width first. Pillow 13 sometimes starts with the height, and then bytes can differ
    /// by one from older versions.
    /// - Throws: `ImageError.size` for a side below 1 or above the default `ImageLimits`.
    func resized(width: Int, height: Int, filter: ResamplingFilter) throws(ImageError) -> PixelRows {
        try Self.check(width: width, height: height)
        if width == self.width, height == self.height { return self }
        if filter == .nearest { return nearest(width: width, height: height) }
        let isHeightFirst = height < self.height && self.height - height > 2 * (self.width - width)
        var result = self
        if isHeightFirst { result = result.resampledRows(height, filter) }
        if width != result.width { result = result.resampledColumns(width, filter) }
        if height != result.height { result = result.resampledRows(height, filter) }
        return result
    }

    /// - Throws: `ImageError.size` if a side is below 1, or the number of elements is not width × height.
    static func check(count: Int, width: Int, height: Int) throws(ImageError) {
        let expected = try RGBImage.sampleCount(width: width, height: height, found: count) / 3
        guard count == expected else { throw .size(width: width, height: height, expected: expected, found: count) }
    }

    /// - Throws: `ImageError.size` for a size above the default `ImageLimits`.
    static func check(width: Int, height: Int) throws(ImageError) {
        let limits = ImageLimits()
        guard 1...limits.width ~= width, 1...limits.height ~= height, width * height <= limits.pixels else {
            throw .size(width: width, height: height, expected: nil, found: 0)
        }
    }

    private func nearest(width: Int, height: Int) -> PixelRows {
        let columns = Self.nearest(self.width, width)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(width * height * channels)
        for row in Self.nearest(self.height, height) {
            for column in columns {
                let start = (row * self.width + column) * channels
                bytes.append(contentsOf: self.bytes[start..<start + channels])
            }
        }
        return PixelRows(width: width, height: height, channels: channels, bytes: bytes)
    }

    /// Old index of each new sample. Positions are accumulated as in Pillow, which rounds differently from multiplying.
    private static func nearest(_ oldSize: Int, _ newSize: Int) -> [Int] {
        let step = Double(oldSize) / Double(newSize)
        var place = step * 0.5
        return (0..<newSize).map { _ in
            defer { place += step }
            return min(Int(place), oldSize - 1)
        }
    }

    /// Resizes to another width.
    private func resampledColumns(_ width: Int, _ filter: ResamplingFilter) -> PixelRows {
        let taps = ResamplingWeights(filter, from: self.width, to: width)
        let count = width * height * channels
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            self.bytes.withUnsafeBufferPointer { source in
                taps.weights.withUnsafeBufferPointer { weights in
                    var index = 0
                    for y in 0..<height {
                        for x in 0..<width {
                            let start = (y * self.width + taps.firsts[x]) * channels
                            let (first, count) = (x * taps.stride, taps.counts[x])
                            for channel in start..<start + channels {
                                var sum = ResamplingWeights.half
                                var place = channel
                                for tap in first..<first + count {
                                    sum &+= Int32(source[place]) &* weights[tap]
                                    place += channels
                                }
                                target[index] = UInt8(clamping: sum >> ResamplingWeights.fractionBits)
                                index += 1
                            }
                        }
                    }
                }
            }
            initialized = count
        }
        return PixelRows(width: width, height: height, channels: channels, bytes: bytes)
    }

    /// Resizes to another height.
    private func resampledRows(_ height: Int, _ filter: ResamplingFilter) -> PixelRows {
        let taps = ResamplingWeights(filter, from: self.height, to: height)
        let row = width * channels
        var sums = [Int32](repeating: 0, count: row)
        let bytes = [UInt8](unsafeUninitializedCapacity: row * height) { target, initialized in
            self.bytes.withUnsafeBufferPointer { source in
                sums.withUnsafeMutableBufferPointer { sums in
                    for y in 0..<height {
                        sums.update(repeating: ResamplingWeights.half)
                        for tap in 0..<taps.counts[y] {
                            let weight = taps.weights[y * taps.stride + tap]
                            let start = (taps.firsts[y] + tap) * row
                            for x in 0..<row { sums[x] &+= Int32(source[start + x]) &* weight }
                        }
                        for x in 0..<row {
                            target[y * row + x] = UInt8(clamping: sums[x] >> ResamplingWeights.fractionBits)
                        }
                    }
                }
            }
            initialized = row * height
        }
        return PixelRows(width: width, height: height, channels: channels, bytes: bytes)
    }
}

/// A filter for resizing pictures: Pillow's `Image.Resampling`.
///
/// All but `nearest` are kernels. When the picture shrinks, the kernel is widened by the same factor.
public enum ResamplingFilter: String, Sendable, Hashable, CaseIterable {
    /// The old sample whose area contains the new sample's center.
    case nearest
    case box, bilinear, hamming
    /// R. Keys's cubic convolution of 1981, with its parameter a = −0.5.
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
