public import TensorStore

/// A mask for inpainting: the pixels of a picture to redraw, and those to keep.
public struct Mask: Sendable, Hashable {
    /// Pixels in a row, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int
    /// Whether each pixel is redrawn: width × height values, rows from top to bottom.
    public let isRedrawn: [Bool]

    /// - Throws: `ImageError.size` if a side is below 1, or the number of `isRedrawn` is not width × height.
    public init(width: Int, height: Int, isRedrawn: [Bool]) throws(ImageError) {
        try PixelRows.check(count: isRedrawn.count, width: width, height: height)
        self.width = width
        self.height = height
        self.isRedrawn = isRedrawn
    }

    /// Makes a mask of a gray picture. Pixels of half white or brighter are redrawn.
    public init(_ image: GrayImage) {
        width = image.width
        height = image.height
        isRedrawn = image.bytes.map { $0 >= 128 }
    }

    /// Makes a mask of a picture: resizes it by Lanczos to the size that is drawn, then splits it by brightness. Same
    /// result as diffusers' `mask_processor` of a picture read by `load_image`.
    /// - Throws: as `RGBImage.resized`.
    public init(_ image: RGBImage, width: Int, height: Int) throws(ImageError) {
        self.init(GrayImage(try image.resized(width: width, height: height)))
    }

    /// Whether any pixel is redrawn.
    public var isEmpty: Bool { !isRedrawn.contains(true) }

    /// The mask for latents, `[1, 1, height, width]`: 1 to redraw, 0 to keep. Resampled like torch's `interpolate` in mode
    /// `nearest`, which diffusers' `prepare_mask_latents` uses.
    /// - Parameters: height and width of the latents.
    /// - Throws: `ImageError.size` for a side below 1 or above the default `ImageLimits`.
    public func latents(height: Int, width: Int) throws -> Tensor {
        try PixelRows.check(width: width, height: height)
        var tensor = try Tensor(zeros: [1, 1, height, width])
        let columns = (0..<width).map { Self.nearest($0, self.width, width) }
        tensor.withUnsafeMutableBytes { bytes in
            let values = bytes.bindMemory(to: Float.self)
            for y in 0..<height {
                let row = Self.nearest(y, self.height, height) * self.width
                for x in 0..<width where isRedrawn[row + columns[x]] { values[y * width + x] = 1 }
            }
        }
        return tensor
    }

    /// In single precision, as torch computes it.
    private static func nearest(_ index: Int, _ oldSize: Int, _ newSize: Int) -> Int {
        min(Int(Float(index) * (Float(oldSize) / Float(newSize))), oldSize - 1)
    }

    /// The masked picture that an inpainting UNet takes as a condition: samples `[N, C, height, width]`, set to 0 (middle
    /// gray for signed samples) where they are redrawn.
    /// - Throws: `ImageError.maskSize` if the last axes are not the mask's; `TensorError.elementType` unless f32.
    public func kept(of samples: Tensor) throws -> Tensor {
        let axes = Array(samples.shape)
        guard axes.count >= 2, axes[axes.count - 2] == height, axes[axes.count - 1] == width else {
            throw ImageError.maskSize(width: width, height: height, samples: axes)
        }
        var values = try samples.elements(as: Float.self)
        let plane = isRedrawn.count
        for start in stride(from: 0, to: values.count, by: plane) {
            for pixel in 0..<plane where isRedrawn[pixel] { values[start + pixel] = 0 }
        }
        return try Tensor(values, shape: samples.shape)
    }
}

/// A picture of one 8-bit channel, such as a mask with soft edges: 0 black, 255 white.
public struct GrayImage: Sendable, Hashable {
    /// Pixels in a row, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int
    /// Rows from top to bottom: width × height bytes.
    public let bytes: [UInt8]

    /// - Throws: `ImageError.size` if a side is below 1, or the number of `bytes` is not width × height.
    public init(width: Int, height: Int, bytes: [UInt8]) throws(ImageError) {
        try PixelRows.check(count: bytes.count, width: width, height: height)
        self.width = width
        self.height = height
        self.bytes = bytes
    }

    /// Makes a gray picture of the luma of each pixel (ITU-R 601); same bytes as Pillow's `convert("L")`.
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

    /// Resizes the picture; same bytes as Pillow 13's `resize`.
    /// - Throws: as `RGBImage.resized`.
    public func resized(width: Int, height: Int, filter: ResamplingFilter = .lanczos) throws(ImageError) -> GrayImage {
        let rows = PixelRows(width: self.width, height: self.height, channels: 1, bytes: bytes)
        return try GrayImage(
            width: width, height: height, bytes: rows.resized(width: width, height: height, filter: filter).bytes)
    }
}
