import Diffusion
import TensorStore
import Testing

@Suite struct BatchedNoiseTests {
    @Test func eachPictureHasAGeneratorOfItsOwn() throws {
        var batch = BatchedNoise((10..<13).map { TorchNoise(seed: $0) })
        var alone = (10..<13).map { TorchNoise(seed: $0) }
        for _ in 0..<2 {
            let drawn = try batch.normal([3, 4, 2, 5])
            #expect(drawn.shape == [3, 4, 2, 5])
            #expect(try drawn.elements() == alone.indices.flatMap { alone[$0].normal(count: 40) })
        }
    }

    @Test func asManyGeneratorsAsPicturesAreNeeded() {
        var noise = BatchedNoise([TorchNoise(seed: 1), NumpyNoise(seed: 1)])
        #expect(throws: NoiseError.batch(generators: 2, shape: [3, 4])) { try noise.normal([3, 4]) }
        #expect(throws: NoiseError.batch(generators: 2, shape: [])) { try noise.normal([]) }
    }

    @Test func theShortestSourceEndsIt() throws {
        let stack = try Tensor(zeros: [2, 1, 4])
        let file = try FileNoise(stack, file: "n.npy", latents: [1, 4], then: TorchNoise(seed: 1))
        #expect(BatchedNoise([TorchNoise(seed: 1), file]).remainingDraws == 2)
        #expect(BatchedNoise([TorchNoise(seed: 1)]).remainingDraws == nil)
    }
}
