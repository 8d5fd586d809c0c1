public import TensorStore

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
