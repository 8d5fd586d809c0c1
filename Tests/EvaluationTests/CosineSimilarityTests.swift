import Evaluation
import TensorStore
import Testing

struct CosineSimilarityTests {
    private func similarity(_ a: [Float], _ b: [Float]) throws -> Double {
        try cosineSimilarity(Tensor(a, shape: [a.count]), Tensor(b, shape: [b.count]))
    }

    @Test func knownAngles() throws {
        #expect(abs(try similarity([1, 2, 2], [2, 4, 4]) - 1) < 1e-15)
        #expect(try similarity([1, 0], [0, 5]) == 0)
        #expect(abs(try similarity([1, 1], [-3, -3]) + 1) < 1e-15)
        #expect(abs(try similarity([1, 0], [1, 1]) - 0.5.squareRoot()) < 1e-15)
        #expect(try similarity([0, 0], [1, 1]).isNaN)
    }

    @Test func refusals() throws {
        #expect(throws: EvaluationError.count(what: "elements", expected: 1, found: 2)) { try similarity([1], [1, 2]) }
        #expect(throws: TensorError.elementType(expected: .f32, found: .i32)) {
            try cosineSimilarity(Tensor([1 as Int32], shape: [1]), Tensor([1 as Float], shape: [1]))
        }
    }
}
