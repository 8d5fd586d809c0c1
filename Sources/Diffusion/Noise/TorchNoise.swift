import Foundation
public import TensorStore

/// The numbers of `torch.randn` on the CPU after `torch.manual_seed(seed)`, bit for bit.
///
/// Equal to `torch.randn(shape, generator=torch.Generator().manual_seed(seed))` in f32, call after call on one
/// generator, as PyTorch computes it on x86 with AVX2. Machines with AVX-512 give the same bits, since PyTorch has no
/// AVX-512 kernel for it. With less than AVX2 (or `ATEN_CPU_CAPABILITY=default`) PyTorch takes other logarithms and
/// sines for 16 numbers and more: four in ten then differ, by up to 2·10⁻⁶.
///
/// Reference: `ATen/native/cpu/DistributionTemplates.h` (`normal_fill`), `ATen/core/DistributionsHelper.h`
/// (`normal_distribution`); checked against PyTorch 2.13.
public struct TorchNoise: NoiseSource {
    /// Draws below this size go number by number, in double precision.
    private static let blockSize = 16
    /// 2π to the nearest; `Float.pi` is rounded down.
    private static let fullTurn = Float(2 * Double.pi)

    private var generator: MersenneTwister
    /// The second number of a pair, kept for the next small draw, as in PyTorch's generator. Draws of 16 and more neither use nor
    /// discard it.
    private var pending: Double?

    /// - Parameter seed: any integer that `torch.manual_seed` takes, negative ones included. PyTorch uses its lowest
    ///   32 bits.
    public init(seed: some FixedWidthInteger) {
        generator = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
    }

    public mutating func normal(_ shape: Shape) throws(NoiseError) -> Tensor {
        try Self.tensor(normal(count: Self.elementCount(of: shape)), shape: shape)
    }

    /// Draws `count` numbers in one call.
    public mutating func normal(count: Int) -> [Float] {
        guard count >= Self.blockSize else { return (0..<max(count, 0)).map { _ in Float(nextNormal()) } }
        return [Float](unsafeUninitializedCapacity: count) { numbers, initializedCount in
            for index in 0..<count { numbers.initializeElement(at: index, to: nextUniform()) }
            for start in stride(from: 0, through: count - Self.blockSize, by: Self.blockSize) {
                Self.transform(&numbers, from: start)
            }
            if !count.isMultiple(of: Self.blockSize) {
                let start = count - Self.blockSize
                for index in start..<count { numbers[index] = nextUniform() }
                Self.transform(&numbers, from: start)
            }
            initializedCount = count
        }
    }

    /// Box–Muller over a block of 16 uniform numbers: the first 8 give radii, the last 8 angles.
    private static func transform(_ numbers: inout UnsafeMutableBufferPointer<Float>, from start: Int) {
        let half = blockSize / 2
        for index in start..<start + half {
            let radius = (-2 * CephesMath.log(1 - numbers[index])).squareRoot()
            let (sin, cos) = CephesMath.sincos(fullTurn * numbers[index + half])
            // PyTorch multiplies by the deviation, 1, and adds the mean, 0: this makes -0 of +0.
            numbers[index] = radius * cos + 0
            numbers[index + half] = radius * sin + 0
        }
    }

    /// The next uniform number in [0, 1), of 24 bits.
    private mutating func nextUniform() -> Float {
        Float(generator.next() & 0xff_ffff) * 0x1p-24
    }

    /// The next uniform number in [0, 1), of 53 bits.
    private mutating func nextUniformDouble() -> Double {
        let high = UInt64(generator.next())
        let bits = (high << 32 | UInt64(generator.next())) & (1 << 53 - 1)
        return Double(bits) * 0x1p-53
    }

    private mutating func nextNormal() -> Double {
        if let number = pending {
            pending = nil
            return number
        }
        let angle = 2 * Double.pi * nextUniformDouble()
        let radius = (-2 * log1p(-nextUniformDouble())).squareRoot()
        pending = radius * sin(angle)
        return radius * cos(angle)
    }
}
