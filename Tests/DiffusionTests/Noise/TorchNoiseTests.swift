import Diffusion
import TensorStore
import Testing

@Suite struct TorchNoiseTests {
    /// Bit for bit: PyTorch 2.13 on the CPU, AVX2 kernels.
    @Test func drawsTheNumbersOfTorch() throws {
        let goldens = try NoiseGoldens.load().torch
        #expect(goldens.count >= 12)
        for golden in goldens {
            var noise =
                if let seed = UInt64(golden.seed) { TorchNoise(seed: seed) } else {
                    TorchNoise(seed: try #require(Int64(golden.seed)))
                }
            for (index, draw) in golden.draws.enumerated() {
                let numbers = noise.normal(count: draw.count)
                let name: Comment = "seed \(golden.seed), draw \(index) of \(draw.count)"
                #expect(NoiseGoldens.kept(numbers.map(\.bitPattern), of: draw) == draw.bits, name)
                #expect(numbers.withUnsafeBytes(NoiseGoldens.hash) == draw.hash, name)
            }
        }
    }

    @Test func aTensorHoldsTheNumbersRowMajor() throws {
        var noise = TorchNoise(seed: 42)
        var same = noise
        let tensor = try noise.normal([2, 4, 3, 1])
        #expect(tensor.shape == [2, 4, 3, 1])
        #expect(try tensor.elements(as: Float.self) == same.normal(count: 24))
    }

    @Test func aCopyGoesOnFromTheSamePoint() {
        var noise = TorchNoise(seed: 3)
        _ = noise.normal(count: 5)
        var copy = noise
        #expect(noise.normal(count: 7) == copy.normal(count: 7))
    }

    @Test func seedsAreTakenModulo32Bits() {
        var negative = TorchNoise(seed: -1)
        var large = TorchNoise(seed: UInt64.max)
        var small = TorchNoise(seed: UInt32.max)
        let numbers = small.normal(count: 20)
        #expect(negative.normal(count: 20) == numbers)
        #expect(large.normal(count: 20) == numbers)
    }

    @Test func anImpossibleShapeIsAnError() {
        var noise = TorchNoise(seed: 0)
        #expect(throws: NoiseError.size([1, -4])) { try noise.normal([1, -4]) }
        #expect(throws: NoiseError.size([Int.max, 2])) { try noise.normal([Int.max, 2]) }
        #expect(throws: NoiseError.size([Int.max])) { try noise.normal([Int.max]) }
    }

    @Test func thereIsNoEnd() { #expect(TorchNoise(seed: 0).remainingDraws == nil) }
}
