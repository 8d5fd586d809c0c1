import Diffusion
import Foundation
import TensorStore
import TestSupport
import Testing

/// Against diffusers 0.42.1: `Tests/Goldens/Diffusion/scheduler/make.py`.
@Suite struct GuidanceScaleEmbeddingTests {
    struct Golden: Decodable {
        let guidanceScales: [Double]
        let dimension: Int
        let embedding: [Float]
    }

    /// Each element within what one unit in the last place of its frequency makes of it, and nearly all within 1e-6.
    @Test func embeddingsMatchDiffusers() throws {
        let data = try Data(contentsOf: Goldens.url("Diffusion/scheduler/embedding.json"))
        for golden in try JSONDecoder().decode([Golden].self, from: data) {
            let scales = golden.guidanceScales.map { Float($0 - 1) }
            let embedding = try guidanceScaleEmbedding(scales, dimension: golden.dimension)
            #expect(embedding.shape == [scales.count, golden.dimension])
            let found = try embedding.elements(as: Float.self)
            try #require(found.count == golden.embedding.count)

            let half = golden.dimension / 2
            var outliers = 0
            for index in found.indices {
                let (row, column) = index.quotientAndRemainder(dividingBy: golden.dimension)
                let frequency = pow(10000, -Float(column % half) / Float(half - 1))
                let difference = abs(found[index] - golden.embedding[index])
                #expect(difference <= 1e-6 + scales[row] * 1000 * frequency * 0x1p-23, "dimension \(golden.dimension), \(index)")
                if difference > 1e-6 { outliers += 1 }
            }
            #expect(outliers * 50 <= found.count, "dimension \(golden.dimension): \(outliers) outliers")
        }
    }

    @Test func anOddDimensionEndsInZero() throws {
        let embedding = try guidanceScaleEmbedding([7, 0], dimension: 5).elements(as: Float.self)
        #expect(embedding[4] == 0 && embedding[9] == 0)
        #expect(Array(embedding[5..<10]) == [0, 0, 1, 1, 0])
    }

    @Test(arguments: [-4, 0, 3]) func tooFewDimensionsAreAnError(_ dimension: Int) {
        #expect(throws: GuidanceScaleEmbeddingError.dimension(dimension)) {
            try guidanceScaleEmbedding([7], dimension: dimension)
        }
    }
}
