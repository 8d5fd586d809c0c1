import TensorStore
import TestSupport
import Testing

@testable import Audio

@Suite struct MelFilterBankTests {
    /// Golden: transformers' `mel_filter_bank`, norm and scale "slaney".
    @Test(arguments: [80, 128]) func filtersAreThoseOfTransformers(bins: Int) throws {
        let golden = try SafetensorsCheckpoint(path: Sound.path("features.safetensors"))
        let positions: [Int16] = try golden.tensor(named: "filters.\(bins).positions").elements()
        let weights: [Float] = try golden.tensor(named: "filters.\(bins).weights").elements()
        var reference = [Float](repeating: 0, count: bins * 201)
        for (position, weight) in zip(positions, weights) { reference[Int(position)] = weight }

        let rows = MelFilterBank(bins: bins, frequencies: 201, sampleRate: 16_000).rows
        #expect(rows.count == bins)
        var found = [Float](repeating: 0, count: bins * 201)
        for (bin, row) in rows.enumerated() {
            for (index, weight) in row.weights.enumerated() { found[bin * 201 + row.first + index] = weight }
        }
        let difference = zip(found, reference).map { abs($0 - $1) }.max() ?? .infinity
        #expect(difference <= 1e-7)
        #expect(reference.max() ?? 0 > 0.01)
    }

    @Test func filtersBetweenTwoFrequenciesAreEmpty() {
        let rows = MelFilterBank(bins: 200, frequencies: 201, sampleRate: 16_000).rows
        #expect(rows.count == 200)
        #expect(rows.contains { $0.weights.isEmpty })
        #expect(rows.allSatisfy { $0.first + $0.weights.count <= 201 })
    }
}
