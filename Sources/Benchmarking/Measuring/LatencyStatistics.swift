/// Latencies of inferences, in seconds.
public struct LatencyStatistics: Sendable, Equatable {
    /// Ascending, at least one.
    public let sorted: [Double]

    /// - Returns: nil where there are no values.
    public init?(_ seconds: [Double]) {
        guard !seconds.isEmpty else { return nil }
        sorted = seconds.sorted()
    }

    public var minimum: Double { sorted[0] }
    public var maximum: Double { sorted[sorted.count - 1] }
    public var average: Double { sorted.reduce(0, +) / Double(sorted.count) }
    /// The lower of the middle two where their number is even, as `benchmark_app` has it.
    public var median: Double { percentile(50) }

    /// The smallest latency that `percent` of all do not exceed (nearest rank, as in `benchmark_app`).
    /// - Parameter percent: above 0, up to 100; others are taken as the nearest of these.
    public func percentile(_ percent: Double) -> Double {
        let rank = (Double(sorted.count) * percent / 100).rounded(.up)
        return sorted[min(max(Int(rank), 1), sorted.count) - 1]
    }
}

extension LatencyStatistics: Encodable {
    /// The percentiles of reports.
    public static let percentiles: [Double] = [90, 95, 99]

    private enum CodingKeys: String, CodingKey {
        case median = "median_ms"
        case average = "average_ms"
        case minimum = "min_ms"
        case maximum = "max_ms"
        case percentile90 = "percentile_90_ms"
        case percentile95 = "percentile_95_ms"
        case percentile99 = "percentile_99_ms"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(1000 * median, forKey: .median)
        try container.encode(1000 * average, forKey: .average)
        try container.encode(1000 * minimum, forKey: .minimum)
        try container.encode(1000 * maximum, forKey: .maximum)
        try container.encode(1000 * percentile(90), forKey: .percentile90)
        try container.encode(1000 * percentile(95), forKey: .percentile95)
        try container.encode(1000 * percentile(99), forKey: .percentile99)
    }
}
