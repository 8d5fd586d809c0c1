import Testing

@testable import Benchmarking

@Suite struct LatencyStatisticsTests {
    @Test func percentilesAreByNearestRank() throws {
        let statistics = try #require(LatencyStatistics([4, 1, 3, 2]))
        // benchmark_app: values[ceil(len(values) * percent / 100) - 1]
        #expect(statistics.median == 2)
        #expect(statistics.percentile(75) == 3)
        #expect(statistics.percentile(76) == 4)
        #expect(statistics.percentile(1) == 1)
        #expect(statistics.percentile(100) == 4)
        #expect(statistics.average == 2.5)
        #expect((statistics.minimum, statistics.maximum) == (1, 4))
    }

    @Test func percentilesOutsideTheRangeAreItsEnds() throws {
        let statistics = try #require(LatencyStatistics([1, 2, 3]))
        #expect(statistics.percentile(0) == 1)
        #expect(statistics.percentile(200) == 3)
    }

    @Test func nothingHasNoStatistics() { #expect(LatencyStatistics([]) == nil) }
}
