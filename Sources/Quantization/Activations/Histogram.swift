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
        precondition(low.isFinite && high.isFinite && low <= high, "\(low)...\(high) is no range")
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
