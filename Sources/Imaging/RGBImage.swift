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
