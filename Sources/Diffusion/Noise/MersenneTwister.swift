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
