import CNumerics
import Dispatch

/// Counts of values in 2,048 equal parts of a range.
public struct Histogram: Sendable {
    public static let binCount = 2048

    public let low: Float
    public let high: Float
    public private(set) var counts = [UInt64](repeating: 0, count: binCount)
    /// The number of counted values.
    public var total: UInt64 { counts.reduce(0, +) }

    /// - Precondition: both bounds are finite, and `high` is not below `low`.
    public init(low: Float, high: Float) {
        precondition(low.isFinite && high.isFinite && low <= high, "\(low)...\(high) is not a range")
        (self.low, self.high) = (low, high)
    }

    /// The width of one part.
    var width: Double { (Double(high) - Double(low)) / Double(Self.binCount) }

    /// Counts values on all processors. Values beyond the range count in its first or last part.
    public mutating func count(_ values: UnsafeBufferPointer<Float>) {
        guard !values.isEmpty else { return }
        // Enough for a thread to be worth waking.
        let chunk = max(262_144, values.count / 16 + 1)
        let chunks = (values.count + chunk - 1) / chunk
        var partial = [UInt64](repeating: 0, count: chunks * Self.binCount)
        // An empty range counts all values in its first part.
        let perUnit = width > 0 ? Float(1 / width) : 0
        let (source, low) = (Lent(values), low)
        partial.withUnsafeMutableBufferPointer { partial in
            let partial = Counts(elements: partial)
            DispatchQueue.concurrentPerform(iterations: chunks) { index in
                let part = source.elements[index * chunk..<min((index + 1) * chunk, source.elements.count)]
                guard let numbers = UnsafeBufferPointer(rebasing: part).baseAddress, let base = partial.elements.baseAddress
                else { return }
                cnumerics_histogram(numbers, part.count, low, perUnit, UInt32(Self.binCount), base + index * Self.binCount)
            }
        }
        for (index, count) in partial.enumerated() { counts[index % Self.binCount] += count }
    }
}

/// @unchecked: lent for the length of a call, and only read.
private struct Lent: @unchecked Sendable {
    let elements: UnsafeBufferPointer<Float>

    init(_ elements: UnsafeBufferPointer<Float>) { self.elements = elements }
}

/// @unchecked: each thread writes to counts of its own.
private struct Counts: @unchecked Sendable {
    let elements: UnsafeMutableBufferPointer<UInt64>
}

extension Histogram {
    /// The range after cutting off a share of the values at either end (symmetric: the same number in total).
    func range(cutting share: Double, _ isSymmetric: Bool) -> ActivationRange {
        guard width > 0, total > 0, share > 0 else { return range(Double(low), Double(high), isSymmetric) }
        let limit = share * Double(total)
        if isSymmetric {
            // From the outside in, by distance from 0.
            var parts = counts.indices.map { (distance: max(abs(edge($0)), abs(edge($0 + 1))), count: Double(counts[$0])) }
            parts.sort { $0.distance > $1.distance }
            var cut = 0.0
            for part in parts {
                cut += part.count
                if cut > 2 * limit { return .symmetric(magnitude: Float(part.distance), isSigned: low < 0) }
            }
            return range(Double(low), Double(high), true)
        }
        func first(_ places: some Sequence<Int>) -> Int? {
            var cut = 0.0
            return places.first { place in
                cut += Double(counts[place])
                return cut > limit
            }
        }
        guard let start = first(counts.indices), let end = first(counts.indices.reversed()) else {
            return range(Double(low), Double(high), false)
        }
        return range(edge(start), edge(end + 1), false)
    }

    /// The range with the least expected squared error of rounding and clipping. The error is Δ²/12 for values inside, Δ being
    /// the step between levels; the square of the value for values that become 0; and the squared distance for values outside.
    ///
    /// The search tries bounds ever nearer to 0, each bound independently in the asymmetric scheme.
    func leastErrorRange(_ isSymmetric: Bool) -> ActivationRange {
        guard width > 0, total > 0 else { return range(Double(low), Double(high), isSymmetric) }
        let sums = Moments(self)
        var best = (error: Double.infinity, low: Double(low), high: Double(high))
        func consider(_ low: Double, _ high: Double, steps: Double) {
            let error = sums.error(low, high, step: (high - low) / steps)
            if error < best.error { best = (error, low, high) }
        }
        if isSymmetric {
            let magnitude = Double(max(abs(low), abs(high)))
            for ratio in Self.ratios {
                let bound = ratio * magnitude
                low < 0 ? consider(-bound, bound, steps: 254) : consider(0, bound, steps: 255)
            }
        } else {
            let (bottom, top) = (Double(min(low, 0)), Double(max(high, 0)))
            for lower in bottom < 0 ? Self.ratios : [1] {
                for upper in top > 0 ? Self.ratios : [1] { consider(lower * bottom, upper * top, steps: 255) }
            }
        }
        return range(best.low, best.high, isSymmetric)
    }

    /// Candidate bounds as shares of the whole range, the whole first: dense near 1, and down to a thousandth for outliers.
    private static let ratios: [Double] = {
        let linear = (32...128).map { Double($0) / 128 }
        var small: [Double] = []
        var ratio = 0.25
        while ratio > 1e-3 {
            ratio *= 0.917
            small.append(ratio)
        }
        return linear.reversed() + small
    }()

    private func edge(_ place: Int) -> Double { Double(low) + Double(place) * width }

    private func range(_ low: Double, _ high: Double, _ isSymmetric: Bool) -> ActivationRange {
        isSymmetric
            ? .symmetric(minimum: Float(low), maximum: Float(high)) : .asymmetric(minimum: Float(low), maximum: Float(high))
    }
}

/// Prefix sums over the parts of a histogram, which give the error of any range without a pass over the parts.
private struct Moments {
    private let low: Double
    private let width: Double
    /// Prefix sums of counts, and of counts times the first and second powers of the midpoints.
    private var counts = [0.0]
    private var firsts = [0.0]
    private var seconds = [0.0]

    init(_ histogram: Histogram) {
        low = Double(histogram.low)
        width = histogram.width
        var (sum, first, second) = (0.0, 0.0, 0.0)
        for (index, count) in histogram.counts.enumerated() {
            let middle = low + (Double(index) + 0.5) * width
            sum += Double(count)
            first += Double(count) * middle
            second += Double(count) * (middle * middle + width * width / 12)
            counts.append(sum)
            firsts.append(first)
            seconds.append(second)
        }
    }

    /// The expected squared error over all values for a range and its step.
    func error(_ bottom: Double, _ top: Double, step: Double) -> Double {
        let (from, to) = (place(bottom), max(place(top), place(bottom)))
        func outside(_ bound: Double, _ places: Range<Int>) -> Double {
            func sum(_ sums: [Double]) -> Double { sums[places.upperBound] - sums[places.lowerBound] }
            return max(0, sum(seconds) - 2 * bound * sum(firsts) + bound * bound * sum(counts))
        }
        var inside = (counts[to] - counts[from]) * step * step / 12
        // The error of a value that becomes 0 is its square, far less than Δ²/12 for values crowded around 0.
        let zero = max(place(-step / 2), from)..<max(min(place(step / 2), to), max(place(-step / 2), from))
        if step >= 2 * width, !zero.isEmpty {
            inside += outside(0, zero) - (counts[zero.upperBound] - counts[zero.lowerBound]) * step * step / 12
        }
        return inside + outside(bottom, 0..<from) + outside(top, to..<Histogram.binCount)
    }

    /// The nearest edge between parts.
    private func place(_ value: Double) -> Int {
        Int(min(max(((value - low) / width).rounded(), 0), Double(Histogram.binCount)))
    }
}
