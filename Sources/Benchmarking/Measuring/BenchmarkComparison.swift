/// Two measurements in turns, so that what changes on the machine meets both.
public struct BenchmarkComparison: Sendable, Encodable {
    /// A turn of each.
    public struct Round: Sendable, Encodable {
        /// Throughputs.
        public let first: Double
        public let second: Double
        /// Of the second to the first.
        public var ratio: Double { second / first }

        private enum CodingKeys: String, CodingKey { case first, second, ratio }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(first, forKey: .first)
            try container.encode(second, forKey: .second)
            try container.encode(ratio, forKey: .ratio)
        }
    }

    /// All inferences of each side.
    public let first: BenchmarkResult
    public let second: BenchmarkResult
    public let rounds: [Round]
    /// Of the second's throughput to the first's: the middle of the rounds, and their extremes.
    public let ratio: Spread

    public struct Spread: Sendable, Encodable, Equatable {
        public let median: Double
        public let minimum: Double
        public let maximum: Double

        /// - Parameter values: at least one.
        init(_ values: [Double]) {
            let sorted = values.sorted()
            let middle = sorted.count / 2
            median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
            (minimum, maximum) = (sorted[0], sorted[sorted.count - 1])
        }

        private enum CodingKeys: String, CodingKey {
            case median
            case minimum = "min"
            case maximum = "max"
        }
    }

    init(first: [BenchmarkResult], second: [BenchmarkResult]) {
        self.first = BenchmarkResult(merging: first)
        self.second = BenchmarkResult(merging: second)
        rounds = zip(first, second).map { Round(first: $0.throughput, second: $1.throughput) }
        ratio = Spread(rounds.map(\.ratio))
    }

    /// Measures two sides in turns; each has its time in all, and every other round begins with the second.
    /// - Parameter rounds: at least one.
    /// - Throws: as `PreparedBenchmark`.
    public static func measure(
        _ first: BenchmarkOptions, _ second: BenchmarkOptions, rounds: Int
    ) async throws -> BenchmarkComparison {
        let sides = [try PreparedBenchmark(first), try PreparedBenchmark(second)]
        for side in sides where side.options.warmsUp { try side.warmUp() }
        var results: [[BenchmarkResult]] = [[], []]
        for round in 0..<max(rounds, 1) {
            for side in round % 2 == 0 ? [0, 1] : [1, 0] {
                results[side].append(try await sides[side].measure(share: 1 / Double(rounds)))
            }
        }
        return BenchmarkComparison(first: results[0], second: results[1])
    }
}

extension BenchmarkResult {
    /// The rounds of one model as one measurement.
    /// - Parameter rounds: at least one, of the same model and settings.
    init(merging rounds: [BenchmarkResult]) {
        self = rounds[rounds.count - 1]
        count = rounds.reduce(0) { $0 + $1.count }
        seconds = rounds.reduce(0) { $0 + $1.seconds }
        throughput = rounds.reduce(0) { $0 + $1.throughput * $1.seconds } / seconds
        latency = LatencyStatistics(rounds.flatMap(\.latency.sorted)) ?? latency
    }
}
