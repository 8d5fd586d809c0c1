import Foundation
public import TensorStore

/// The numbers of `numpy.random.RandomState(seed).randn(...)`, bit for bit, call after call on one generator.
///
/// NumPy's legacy generator draws doubles: Marsaglia's polar method over uniform numbers of 53 bits. As a tensor they
/// are rounded to f32, which is what `randn(*shape).astype(numpy.float32)` gives.
///
/// Reference: `numpy/random/src/legacy/legacy-distributions.c` (`legacy_gauss`).
public struct NumpyNoise: NoiseSource {
    private var generator: MersenneTwister
    /// The second number of a pair, kept for the next draw.
    private var pending: Double?

    public init(seed: UInt32) {
        generator = MersenneTwister(seed: seed)
    }

    /// - Throws: `NoiseError.numpySeed` for a seed outside 0 to 2³²-1, NumPy's range.
    public init(exactly seed: some BinaryInteger) throws(NoiseError) {
        guard let seed = UInt32(exactly: seed) else { throw .numpySeed("\(seed)") }
        self.init(seed: seed)
    }

    public mutating func normal(_ shape: Shape) throws(NoiseError) -> Tensor {
        try Self.tensor(normal(count: Self.elementCount(of: shape)).map { Float($0) }, shape: shape)
    }

    /// Draws `count` numbers in double precision.
    public mutating func normal(count: Int) -> [Double] {
        (0..<max(count, 0)).map { _ in nextNormal() }
    }

    /// The next uniform number in [0, 1), of 53 bits.
    private mutating func nextUniform() -> Double {
        let high = Double(generator.next() >> 5)
        let low = Double(generator.next() >> 6)
        return (high * 0x1p26 + low) / 0x1p53
    }

    private mutating func nextNormal() -> Double {
        if let number = pending {
            pending = nil
            return number
        }
        var x = 0.0
        var y = 0.0
        var square = 0.0
        repeat {
            x = 2 * nextUniform() - 1
            y = 2 * nextUniform() - 1
            square = x * x + y * y
        } while square >= 1 || square == 0
        let scale = (-2 * log(square) / square).squareRoot()
        pending = scale * x
        return scale * y
    }
}
