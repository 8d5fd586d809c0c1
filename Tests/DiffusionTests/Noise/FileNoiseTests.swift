import Diffusion
import TensorStore
import Testing

@Suite struct FileNoiseTests {
    private let latents: Shape = [1, 4, 2, 3]
    private let seeded = TorchNoise(seed: 5)

    private func numbers(_ count: Int) -> [Float] { (0..<count).map { Float($0) / 8 } }

    @Test func latentsAloneAreFollowedBySeededNoise() throws {
        let tensor = try Tensor(numbers(24), shape: latents)
        var noise = try FileNoise(tensor, file: "n.npy", latents: latents, then: seeded)
        var rest = seeded
        #expect(noise.remainingDraws == nil)
        #expect(try noise.normal(latents).elements() == numbers(24))
        #expect(try noise.normal(latents).elements() == rest.normal(count: 24))
        #expect(try noise.normal(latents).elements() == rest.normal(count: 24))
    }

    @Test func aStackIsDrawnInOrderAndEnds() throws {
        let tensor = try Tensor(numbers(72), shape: [3, 1, 4, 2, 3])
        var noise = try FileNoise(tensor, file: "n.npy", latents: latents, then: seeded)
        for draw in 0..<3 {
            #expect(noise.remainingDraws == 3 - draw)
            let drawn = try noise.normal(latents)
            #expect(drawn.shape == latents)
            #expect(try drawn.elements() == Array(numbers(72)[draw * 24..<draw * 24 + 24]))
        }
        #expect(noise.remainingDraws == 0)
        #expect(throws: NoiseError.exhausted(file: "n.npy", draws: 3)) { try noise.normal(latents) }
    }

    @Test func doublesAreRounded() throws {
        let doubles = (0..<24).map { 0.1 + Double($0) }
        var noise = try FileNoise(try Tensor(doubles, shape: latents), file: "n.npy", latents: latents, then: seeded)
        #expect(try noise.normal(latents).elements() == doubles.map { Float($0) })
    }

    @Test(arguments: [[24], [1, 4, 3, 2], [2, 4, 2, 3], [0, 1, 4, 2, 3], [1, 1, 4, 3, 2], [1, 1, 1, 4, 2, 3], []])
    func anyOtherShapeIsAnError(_ dimensions: [Int]) throws {
        let shape = Shape(dimensions)
        let tensor = try Tensor(zeros: shape)
        #expect(throws: NoiseError.fileShape(file: "n.npy", latents: latents, found: shape)) {
            try FileNoise(tensor, file: "n.npy", latents: latents, then: seeded)
        }
    }

    @Test func otherTypesAndValuesAreErrors() throws {
        let integers = try Tensor(zeros: latents, of: .i64)
        #expect(throws: NoiseError.fileElementType(file: "n.npy", found: .i64)) {
            try FileNoise(integers, file: "n.npy", latents: latents, then: seeded)
        }
        var values = numbers(24)
        values[17] = .nan
        let broken = try Tensor(values, shape: latents)
        #expect(throws: NoiseError.fileValue(file: "n.npy", index: 17)) {
            try FileNoise(broken, file: "n.npy", latents: latents, then: seeded)
        }
    }

    @Test func anotherShapeThanTheFilesIsAnError() throws {
        var noise = try FileNoise(try Tensor(zeros: latents), file: "n.npy", latents: latents, then: seeded)
        #expect(throws: NoiseError.shape(expected: latents, found: [1, 4, 3, 2])) { try noise.normal([1, 4, 3, 2]) }
    }

    @Test func errorsSayWhatWasExpected() {
        let error = NoiseError.fileShape(file: "n.npy", latents: [1, 4, 16, 16], found: [16])
        #expect(
            error.description
                == "n.npy must hold latents of shape [1, 4, 16, 16], or a stack of draws [k, 1, 4, 16, 16]; it holds [16].")
    }
}
