import Evaluation
import Testing

@Suite struct PairedBootstrapTests {
    private func rates(_ errors: [Int], words: Int = 10) -> [WordErrorRate] {
        errors.map { count in
            var rate = WordErrorRate()
            (rate.substitutions, rate.wordCount) = (count, words)
            return rate
        }
    }

    /// Samples that differ alike leave nothing to chance, however much they differ from one another.
    @Test func equalDifferences() throws {
        let bootstrap = try #require(
            PairedBootstrap(baseline: rates([0, 9, 3, 5]), candidate: rates([1, 10, 4, 6]), draws: 500))
        #expect(abs(bootstrap.difference - 0.1) < 1e-12)
        #expect(abs(bootstrap.interval.lowerBound - 0.1) < 1e-12 && abs(bootstrap.interval.upperBound - 0.1) < 1e-12)
    }

    /// Of many samples the interval is the normal distribution's: ±1.96 standard errors of the mean difference.
    @Test(arguments: [0, 1, 99] as [UInt64]) func normalLimit(_ seed: UInt64) throws {
        let bootstrap = try #require(
            PairedBootstrap(
                baseline: rates(Array(repeating: 2, count: 400)), candidate: rates((0..<400).map { 2 + $0 % 2 }), seed: seed))
        let standardError = 0.5 / 20 / 10
        #expect(abs(bootstrap.difference - 0.05) < 1e-12)
        #expect(abs(bootstrap.interval.lowerBound - (0.05 - 1.96 * standardError)) < 0.1 * standardError)
        #expect(abs(bootstrap.interval.upperBound - (0.05 + 1.96 * standardError)) < 0.1 * standardError)
    }

    @Test func seedsDecide() {
        func interval(_ seed: UInt64) -> ClosedRange<Double>? {
            PairedBootstrap(
                baseline: rates([1, 5, 2, 7, 3]), candidate: rates([3, 1, 9, 2, 2], words: 10), seed: seed, draws: 200)?
                .interval
        }
        #expect(interval(3) == interval(3) && interval(3) != interval(4))
    }

    @Test func nothingToCompare() {
        #expect(PairedBootstrap(baseline: [], candidate: []) == nil)
        #expect(PairedBootstrap(baseline: rates([1]), candidate: rates([1, 2])) == nil)
        #expect(PairedBootstrap(baseline: rates([1], words: 0), candidate: rates([2], words: 0)) == nil)
    }
}
