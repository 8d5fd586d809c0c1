import Diffusion
import TensorStore
import Testing

@Suite struct DecoderCalibrationTests {
    @Test func latentsComeAsTheyAreAndHalfAgainAsLarge() throws {
        let latents = try [Tensor([1, -2] as [Float], shape: [1, 2, 1, 1]), Tensor([0, 4] as [Float], shape: [1, 2, 1, 1])]
        let found = try CalibrationRun.decoderLatents(latents)
        #expect(found.map(\.shape) == Array(repeating: [1, 2, 1, 1], count: 4))
        #expect(try found.map { try $0.elements(as: Float.self) } == [[1, -2], [1.5, -3], [0, 4], [0, 6]])
    }
}
