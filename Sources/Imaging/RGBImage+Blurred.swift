extension RGBImage {
    /// Largest standard deviation of a blur, in pixels.
    private static let largestBlur: Float = 4096

    /// Blurs the picture by a Gaussian with a standard deviation of `radius` pixels; same bytes as Pillow's `GaussianBlur`,
    /// which approximates it by three box blurs.
    /// - Throws: `ImageError.blurRadius` outside 0...4096.
    public func blurred(radius: Float) throws(ImageError) -> RGBImage {
        guard 0...Self.largestBlur ~= radius else { throw .blurRadius(radius, limit: Self.largestBlur) }
        let passes = 3
        let blur = BoxBlur(deviation: radius, passes: passes)
        var bytes = bytes
        let longest = max(width, height)
        // A channel's row or column before and after the blur.
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

/// Box blur along a line: the mean of the samples within a fractional radius, in Pillow's fixed point.
struct BoxBlur {
    private let radius: Int
    /// Weights of the samples within the integer part of the radius, and of the two just beyond; 2²⁴ stands for 1.
    private let weight: UInt32
    private let edgeWeight: UInt32

    /// - Parameter radius: 0 or more; sums stay below 2³².
    init(radius: Float) {
        self.radius = Int(radius)
        weight = UInt32(Float(1 << 24) / (radius * 2 + 1))
        edgeWeight = ((1 << 24) - UInt32(self.radius * 2 + 1) * weight) / 2
    }

    /// Box whose blur, repeated `passes` times, approximates a Gaussian of this deviation: Gwosdek et al. 2011, "Theoretical
    /// Foundations of Gaussian Convolution by Extended Box Filtering", as Pillow computes it.
    init(deviation: Float, passes: Int) {
        let variance = deviation * deviation / Float(passes)
        let length = Float((12 * Double(variance) + 1).squareRoot())
        let whole = Float(((Double(length) - 1) / 2).rounded(.down))
        let fraction =
            (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) / (6 * (variance - (whole + 1) * (whole + 1)))
        self.init(radius: whole + fraction)
    }

    /// Blurs `line`, which is extended by its first and last sample.
    func callAsFunction(_ line: UnsafeMutableBufferPointer<UInt8>, scratch: UnsafeMutableBufferPointer<UInt8>) {
        let last = line.count - 1
        func sample(_ place: Int) -> UInt32 { UInt32(line[min(max(place, 0), last)]) }
        var sum = UInt32(line[0]) * UInt32(radius + 1)
        for place in 0..<radius { sum += sample(place) }
        for place in 0...last {
            sum = sum + sample(place + radius) - sample(place - radius - 1)
            let edges = sample(place - radius - 1) + sample(place + radius + 1)
            scratch[place] = UInt8(truncatingIfNeeded: (sum &* weight &+ edges &* edgeWeight &+ 1 << 23) >> 24)
        }
        for place in 0...last { line[place] = scratch[place] }
    }
}
