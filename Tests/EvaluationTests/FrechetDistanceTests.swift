import Evaluation
import Foundation
import TensorStore
import TestSupport
import Testing

struct FrechetDistanceTests {
    private let values: SafetensorsCheckpoint
    private let distances: [String: Double]

    init() throws {
        values = try SafetensorsCheckpoint(path: Goldens.url("Evaluation/frechet.safetensors").path)
        distances = try JSONDecoder().decode(
            [String: Double].self, from: Data(contentsOf: Goldens.url("Evaluation/frechet.json")))
    }

    private func moments(_ name: String) throws -> FeatureMoments {
        let tensor = try values.tensor(named: name)
        let features: [Float] = try tensor.elements()
        let width = tensor.shape[1]
        var moments = try FeatureMoments(featureCount: width)
        for row in 0..<tensor.shape[0] { try moments.add(features[row * width..<(row + 1) * width]) }
        return moments
    }

    /// Full covariances, and of fewer vectors than features.
    @Test(arguments: ["full", "singular"]) func isPytorchFIDs(_ name: String) throws {
        let (a, b) = (try moments("\(name).a"), try moments("\(name).b"))
        let expected = try #require(distances[name])
        let found = try FrechetDistance.between(a, b)
        #expect(abs(found - expected) < 1e-3 * expected, "\(found), the reference has \(expected)")
        #expect(abs(try FrechetDistance.between(b, a) - found) < 1e-6 * expected)
        #expect(abs(try FrechetDistance.between(a, a)) < 1e-6 * expected)
    }

    @Test(arguments: ["full", "singular"]) func covarianceIsNumPys(_ name: String) throws {
        let expected: [Double] = try values.tensor(named: "\(name).covariance").elements()
        let found = try moments("\(name).a").covariance()
        #expect(found.count == expected.count)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-12) }
    }

    @Test func shiftOfTheMean() throws {
        // The same deviations about means apart by 3 and 4: the distance is 25.
        var (a, b) = (try FeatureMoments(featureCount: 2), try FeatureMoments(featureCount: 2))
        for x: [Float] in [[0, 1], [2, -1], [1, 3], [-3, 0]] {
            try a.add(x)
            try b.add([x[0] + 3, x[1] + 4])
        }
        #expect(abs(try FrechetDistance.between(a, b) - 25) < 1e-9)
    }

    @Test func refusals() throws {
        var a = try FeatureMoments(featureCount: 2)
        let b = try FeatureMoments(featureCount: 3)
        #expect(throws: EvaluationError.count(what: "features", expected: 2, found: 3)) { try FrechetDistance.between(a, b) }
        #expect(throws: EvaluationError.notFinite(what: "the features", index: 1)) { try a.add([1, .nan]) }
        #expect(throws: EvaluationError.count(what: "features", expected: 2, found: 1)) { try a.add([1]) }
        try a.add([1, 2])
        #expect(a.sampleCount == 1)
        #expect(throws: EvaluationError.tooFewSamples(1, minimum: 2)) { try FrechetDistance.between(a, a) }
        #expect(throws: EvaluationError.count(what: "features", expected: 1, found: 0)) { try FeatureMoments(featureCount: 0) }
    }
}
