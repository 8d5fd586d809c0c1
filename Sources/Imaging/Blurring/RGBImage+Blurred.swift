extension RGBImage {
    /// The largest deviation of a blur, in pixels.
    private static let largestBlur: Float = 4096

    /// The picture under a Gaussian of `radius` pixels' standard deviation, the same bytes as Pillow's `GaussianBlur`, which
    /// blurs three times by boxes.
    /// - Throws: `ImageError.blurRadius` outside of 0...4096.
    public func blurred(radius: Float) throws(ImageError) -> RGBImage {
        guard 0...Self.largestBlur ~= radius else { throw .blurRadius(radius, limit: Self.largestBlur) }
        let passes = 3
        let blur = BoxBlur(deviation: radius, passes: passes)
        var bytes = bytes
        let longest = max(width, height)
        // A channel's row or column, and what it becomes.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * longest) { memory in
            func blurLine(_ start: Int, step: Int, count: Int) {
                let line = UnsafeMutableBufferPointer(rebasing: memory[..<count])
                let scratch = UnsafeMutableBufferPointer(rebasing: memory[longest..<longest + count])
                for place in 0..<count { line[place] = bytes[start + place * step] }
                for _ in 0..<passes { blur(line, scratch: scratch) }
                for place in 0..<count { bytes[start + place * step] = line[place] }
            }
            for row in 0..<height {
                for channel in 0..<3 { blurLine(row * width * 3 + channel, step: 3, count: width) }
            }
            for sample in 0..<width * 3 { blurLine(sample, step: width * 3, count: height) }
        }
        return try RGBImage(width: width, height: height, bytes: bytes)
    }
}
