extension RGBImage {
    /// The picture at another size, the same bytes as Pillow 13's `resize`; see `PixelRows.resized`.
    /// - Throws: `ImageError.size` for a side below 1, and beyond the limits of files that are read (`ImageLimits`).
    public func resized(width: Int, height: Int, filter: ResamplingFilter = .lanczos) throws(ImageError) -> RGBImage {
        try RGBImage(rows.resized(width: width, height: height, filter: filter))
    }

    /// The picture at the size that an autoencoder takes it in: the given one, or its own, each side cut down to a multiple of
    /// `multiple`; diffusers' `VaeImageProcessor.preprocess`, which resizes by Lanczos.
    /// - Throws: `ImageError.size` where a side is less than one multiple.
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
