@testable import Imaging
import Testing

@Suite struct ResamplingFilterTests {
    @Test func numbersArePillows() {
        let filters = (-1...6).map { ResamplingFilter(pillow: $0) }
        #expect(filters == [nil, .nearest, .lanczos, .bilinear, .bicubic, .box, .hamming, nil])
    }

    /// For all sizes, weights are within the old picture, no more than `stride`, and sum to one.
    @Test(arguments: ResamplingFilter.allCases.filter { $0 != .nearest }) func weightsSumToOne(_ filter: ResamplingFilter) {
        var generator = SplitMix64(state: 7)
        for _ in 0..<200 {
            let (old, new) = (Int.random(in: 1...90, using: &generator), Int.random(in: 1...90, using: &generator))
            let taps = ResamplingWeights(filter, from: old, to: new)
            #expect(taps.weights.count == taps.stride * new)
            for index in 0..<new {
                let weights = taps.weights[index * taps.stride..<index * taps.stride + taps.counts[index]]
                #expect(taps.firsts[index] >= 0 && taps.firsts[index] + weights.count <= old && !weights.isEmpty)
                let sum = weights.reduce(0) { $0 + Int($1) }
                #expect(abs(sum - 1 << 22) <= weights.count, "\(filter) \(old) to \(new)")
            }
        }
    }
}
