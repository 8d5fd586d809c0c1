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
