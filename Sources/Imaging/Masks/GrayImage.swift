/// A picture of one 8-bit channel, such as a mask with soft edges: 0 black, 255 white.
public struct GrayImage: Sendable, Hashable {
    /// Pixels in a row, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int
    /// Rows from top to bottom: width × height bytes.
    public let bytes: [UInt8]

    /// - Throws: `ImageError.size` where a side is below 1, or `bytes` are not width × height.
    public init(width: Int, height: Int, bytes: [UInt8]) throws(ImageError) {
        try PixelRows.check(count: bytes.count, width: width, height: height)
        self.width = width
        self.height = height
        self.bytes = bytes
    }

    /// The brightness of each pixel by ITU-R 601, the same bytes as Pillow's `convert("L")`.
    public init(_ image: RGBImage) {
        width = image.width
        height = image.height
        bytes = image.bytes.withUnsafeBufferPointer { source in
            (0..<image.width * image.height).map { pixel in
                let red = UInt32(source[pixel * 3]) * 19595
                let green = UInt32(source[pixel * 3 + 1]) * 38470
                let blue = UInt32(source[pixel * 3 + 2]) * 7471
                return UInt8(truncatingIfNeeded: (red + green + blue + 0x8000) >> 16)
            }
        }
    }

    /// The picture at another size, the same bytes as Pillow 13's `resize`.
    /// - Throws: as `RGBImage.resized`.
    public func resized(width: Int, height: Int, filter: ResamplingFilter = .lanczos) throws(ImageError) -> GrayImage {
        let rows = PixelRows(width: self.width, height: self.height, channels: 1, bytes: bytes)
        return try GrayImage(
            width: width, height: height, bytes: rows.resized(width: width, height: height, filter: filter).bytes)
    }
}
