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

/// Logarithm, sine and cosine in single precision by the polynomials of Moshier's Cephes library. Every multiply-add is fused
/// (one rounding), as in the AVX2 kernels of PyTorch's random numbers.
///
/// Other implementations are as accurate, but differ in the last bits of many results.
/// Reference: `ATen/native/cpu/avx_mathfun.h`, with the contractions that the compiler makes of it.
enum CephesMath {
    /// The natural logarithm of a positive normal number.
    @inline(__always)
    static func log(_ value: Float) -> Float {
        // value = x · 2^e with x in [0.5, 1), then x moved to [√½ - 1, √2 - 1).
        var e = Float(Int32(bitPattern: value.bitPattern >> 23) - 126)
        var x = Float(bitPattern: value.bitPattern & 0x007f_ffff | 0x3f00_0000)
        if x < 0.707106781186547524 {
            e -= 1
            x = (x - 1) + x
        } else {
            x -= 1
        }
        let z = x * x
        var y: Float = 7.0376836292e-2
        y = fma(y, x, -1.1514610310e-1)
        y = fma(y, x, 1.1676998740e-1)
        y = fma(y, x, -1.2420140846e-1)
        y = fma(y, x, 1.4249322787e-1)
        y = fma(y, x, -1.6668057665e-1)
        y = fma(y, x, 2.0000714765e-1)
        y = fma(y, x, -2.4999993993e-1)
        y = fma(y, x, 3.3333331174e-1)
        y *= x
        y = fma(y, z, e * -2.12194440e-4)
        y = fma(-z, 0.5, y)
        return fma(e, 0.693359375, x + y)
    }

    /// Sine and cosine of an angle from 0 to 8192.
    @inline(__always)
    static func sincos(_ angle: Float) -> (sin: Float, cos: Float) {
        // The octant, rounded up to an even one, and the remaining angle; π/4 is subtracted in three parts.
        let octant = (UInt32(angle * 1.27323954473516) + 1) & ~1
        let turns = Float(octant)
        var x = fma(turns, -0.78515625, angle)
        x = fma(turns, -2.4187564849853515625e-4, x)
        x = fma(turns, -3.77489497744594108e-8, x)
        let z = x * x

        var cos: Float = 2.443315711809948e-5
        cos = fma(cos, z, -1.388731625493765e-3)
        cos = fma(cos, z, 4.166664568298827e-2)
        cos *= z
        cos = fma(cos, z, -(z * 0.5)) + 1

        var sin: Float = -1.9515295891e-4
        sin = fma(sin, z, 8.3321608736e-3)
        sin = fma(sin, z, -1.6666654611e-1)
        sin *= z
        sin = fma(sin, x, x)

        let isSwapped = octant & 2 != 0
        let sinBits = (isSwapped ? cos : sin).bitPattern ^ (octant & 4) << 29
        let cosBits = (isSwapped ? sin : cos).bitPattern ^ (~(octant &- 2) & 4) << 29
        return (Float(bitPattern: sinBits), Float(bitPattern: cosBits))
    }

    @inline(__always)
    private static func fma(_ a: Float, _ b: Float, _ c: Float) -> Float { c.addingProduct(a, b) }
}
