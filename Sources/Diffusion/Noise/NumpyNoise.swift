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

/// The 32-bit Mersenne Twister (Matsumoto and Nishimura 1998, MT19937), seeded as `init_genrand` seeds it.
///
/// The generator beneath both PyTorch's CPU generator and NumPy's `RandomState`.
struct MersenneTwister: Sendable {
    private static let size = 624
    private static let shift = 397

    private var state: [UInt32]
    private var position = MersenneTwister.size

    init(seed: UInt32) {
        state = [UInt32](repeating: seed, count: Self.size)
        for index in 1..<Self.size {
            let previous = state[index - 1]
            state[index] = 1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(index)
        }
    }

    /// The next 32 random bits.
    mutating func next() -> UInt32 {
        if position == Self.size { twist() }
        var bits = state[position]
        position += 1
        bits ^= bits >> 11
        bits ^= (bits << 7) & 0x9d2c_5680
        bits ^= (bits << 15) & 0xefc6_0000
        return bits ^ (bits >> 18)
    }

    private mutating func twist() {
        state.withUnsafeMutableBufferPointer { state in
            for index in 0..<Self.size {
                let next = state[index + 1 == Self.size ? 0 : index + 1]
                let mixed = (state[index] & 0x8000_0000) | (next & 0x7fff_ffff)
                let far = state[index < Self.size - Self.shift ? index + Self.shift : index + Self.shift - Self.size]
                state[index] = far ^ (mixed >> 1) ^ (next & 1 == 0 ? 0 : 0x9908_b0df)
            }
        }
        position = 0
    }
}
