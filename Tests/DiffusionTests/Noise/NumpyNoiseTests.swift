import Diffusion
import TensorStore
import Testing

@Suite struct NumpyNoiseTests {
    /// Bit for bit: `numpy.random.RandomState(seed).randn(count)`.
    @Test func drawsTheNumbersOfNumpy() throws {
        let goldens = try NoiseGoldens.load().numpy
        #expect(goldens.count >= 3)
        for golden in goldens {
            var noise = NumpyNoise(seed: try #require(UInt32(golden.seed)))
            for (index, draw) in golden.draws.enumerated() {
                let numbers = noise.normal(count: draw.count)
                let name: Comment = "seed \(golden.seed), draw \(index) of \(draw.count)"
                #expect(NoiseGoldens.kept(numbers.map(\.bitPattern), of: draw) == draw.bits, name)
                #expect(numbers.withUnsafeBytes(NoiseGoldens.hash) == draw.hash, name)
            }
        }
    }

    @Test func aTensorHoldsTheNumbersRoundedToSinglePrecision() throws {
        var noise = NumpyNoise(seed: 42)
        var same = noise
        let tensor = try noise.normal([1, 4, 2, 2])
        #expect(tensor.shape == [1, 4, 2, 2])
        #expect(try tensor.elements(as: Float.self) == same.normal(count: 16).map { Float($0) })
    }

    @Test func seedsOutsideNumpysAreAnError() throws {
        #expect(throws: NoiseError.numpySeed("-1")) { try NumpyNoise(exactly: -1) }
        #expect(throws: NoiseError.numpySeed("4294967296")) { try NumpyNoise(exactly: UInt64(1) << 32) }
        var noise = try NumpyNoise(exactly: 7 as Int64)
        var same = NumpyNoise(seed: 7)
        #expect(noise.normal(count: 3) == same.normal(count: 3))
    }
}
