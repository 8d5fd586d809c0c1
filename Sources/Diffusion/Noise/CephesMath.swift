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
