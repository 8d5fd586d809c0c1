public import TensorStore

/// A picture of 8-bit RGB pixels, by convention sRGB.
///
/// Copies share memory until one of them is written to.
public struct RGBImage: Sendable, Hashable {
    /// Pixels in a row, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int
    /// R, G, B of each pixel, rows from top to bottom: width × height × 3 bytes.
    public private(set) var bytes: [UInt8]

    /// - Parameter bytes: R, G, B of each pixel, rows from top to bottom.
    /// - Throws: `ImageError.size` if a side is below 1, or the number of `bytes` is not width × height × 3.
    public init(width: Int, height: Int, bytes: [UInt8]) throws(ImageError) {
        let count = try Self.sampleCount(width: width, height: height, found: bytes.count)
        guard bytes.count == count else { throw .size(width: width, height: height, expected: count, found: bytes.count) }
        self.width = width
        self.height = height
        self.bytes = bytes
    }

    /// Makes a picture of one colour.
    /// - Throws: `ImageError.size` if a side is below 1 or the picture would not fit in memory.
    public init(width: Int, height: Int, filledWith pixel: RGBPixel = RGBPixel(red: 0, green: 0, blue: 0)) throws(ImageError) {
        let count = try Self.sampleCount(width: width, height: height, found: 0)
        self.width = width
        self.height = height
        bytes = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            for offset in stride(from: 0, to: count, by: 3) {
                target[offset] = pixel.red
                target[offset + 1] = pixel.green
                target[offset + 2] = pixel.blue
            }
            initialized = count
        }
    }

    /// The pixel in column `x` (from the left, from 0) and row `y` (from the top, from 0), which must exist.
    public subscript(x: Int, y: Int) -> RGBPixel {
        get {
            let offset = offset(x, y)
            return RGBPixel(red: bytes[offset], green: bytes[offset + 1], blue: bytes[offset + 2])
        }
        set {
            let offset = offset(x, y)
            bytes[offset] = newValue.red
            bytes[offset + 1] = newValue.green
            bytes[offset + 2] = newValue.blue
        }
    }

    private func offset(_ x: Int, _ y: Int) -> Int {
        precondition(0..<width ~= x && 0..<height ~= y, "No pixel (\(x), \(y)) in \(width)×\(height).")
        return (y * width + x) * 3
    }

    /// width × height × 3. `found` is for the error.
    static func sampleCount(width: Int, height: Int, found: Int) throws(ImageError) -> Int {
        let (pixels, pixelOverflow) = width.multipliedReportingOverflow(by: height)
        let (samples, sampleOverflow) = pixels.multipliedReportingOverflow(by: 3)
        guard width > 0, height > 0, !pixelOverflow, !sampleOverflow, samples <= Int.max / 8 else {
            throw .size(width: width, height: height, expected: nil, found: found)
        }
        return samples
    }
}

/// One pixel: each channel 0...255.
public struct RGBPixel: Sendable, Hashable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }
}

/// Value range of floating-point samples, from black to full intensity.
public enum SampleRange: Sendable, Hashable {
    /// 0 black, 1 full.
    case unit
    /// −1 black, 1 full, as autoencoders compute.
    case signed
}

extension RGBImage {
    /// Rounds a network's picture to 8 bits; same bytes as diffusers' `VaeImageProcessor.postprocess`:
    /// x · 0.5 + 0.5 for signed samples, clamped to 0...1, times 255, rounded half to even, all in f32.
    ///
    /// - Parameters:
    ///   - samples: `[3, height, width]`, f32, all of red, then green, then blue.
    ///   - range: value range of the samples. Samples beyond are clamped.
    /// - Throws: `ImageError.size`; `.notANumber` for a NaN, which a network computes after an overflow (NumPy would
    ///   convert it to an arbitrary byte).
    public init(planar samples: UnsafeBufferPointer<Float>, width: Int, height: Int, range: SampleRange) throws(ImageError) {
        let count = try Self.sampleCount(width: width, height: height, found: samples.count)
        guard samples.count == count else {
            throw .size(width: width, height: height, expected: count, found: samples.count)
        }
        let (scale, offset): (Float, Float) = range == .signed ? (0.5, 0.5) : (1, 0)
        var hasNaN = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            let plane = count / 3
            for channel in 0..<3 {
                for pixel in 0..<plane {
                    let sample = samples[channel * plane + pixel]
                    hasNaN = hasNaN || sample != sample
                    let unit = min(max(sample * scale + offset, 0), 1)
                    // Adding 2²³ leaves no bits for a fraction, so the addition rounds half to even; the sum's low byte
                    // is the result. `rounded()` would be a library call per sample on baseline x86-64.
                    target[pixel * 3 + channel] = UInt8(truncatingIfNeeded: (unit * 255 + 0x1p23).bitPattern)
                }
            }
            initialized = count
        }
        if hasNaN, let index = samples.firstIndex(where: \.isNaN) {
            let (channel, pixel) = index.quotientAndRemainder(dividingBy: count / 3)
            throw .notANumber(x: pixel % width, y: pixel / width, channel: channel)
        }
        try self.init(width: width, height: height, bytes: bytes)
    }

    /// Rounds a network's picture given as an array, as above.
    public init(planar samples: [Float], width: Int, height: Int, range: SampleRange) throws(ImageError) {
        self = try samples.withUnsafeBufferPointer { buffer throws(ImageError) in
            try RGBImage(planar: buffer, width: width, height: height, range: range)
        }
    }

    /// Samples for an autoencoder's encoder: `[1, 3, height, width]`, f32, all of red, then green, then blue; the same as
    /// from diffusers' `VaeImageProcessor.preprocess` for a picture of this size.
    /// - Parameter range: value range of the samples.
    public func planar(range: SampleRange) throws(TensorError) -> Tensor {
        let plane = width * height
        let samples = (0...255).map { byte in
            let unit = Float(byte) / 255
            return range == .signed ? 2 * unit - 1 : unit
        }
        let values = [Float](unsafeUninitializedCapacity: 3 * plane) { target, initialized in
            bytes.withUnsafeBufferPointer { source in
                for channel in 0..<3 {
                    for pixel in 0..<plane { target[channel * plane + pixel] = samples[Int(source[pixel * 3 + channel])] }
                }
            }
            initialized = 3 * plane
        }
        return try Tensor(values, shape: [1, 3, height, width])
    }
}
