/// f16 (IEEE 754 binary16) and bf16 (the upper half of f32) by their bits.
///
/// Swift's `Float16` is a library call per number on baseline x86-64; these are a few integer operations, which the compiler
/// vectorizes. No step makes or reads an f32 denormal where the result is not zero anyway, so they are right on threads that
/// flush denormals too.
public enum HalfPrecision {
    /// The number that `bits` are in f16; exact.
    @inlinable
    public static func float(f16 bits: UInt16) -> Float {
        let exponentMask: UInt32 = 0x7C00 << 13
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7FFF) << 13
        let exponent = magnitude & exponentMask
        var result = magnitude &+ (127 - 15) << 23
        if exponent == exponentMask {
            // Infinity and NaN keep the largest exponent.
            result &+= (128 - 16) << 23
        } else if exponent == 0 {
            // A denormal: read as 2⁻¹⁴ + mantissa, of which 2⁻¹⁴ is then taken away.
            result &+= 1 << 23
            result = (Float(bitPattern: result) - Float(bitPattern: (127 - 14) << 23)).bitPattern
        }
        return Float(bitPattern: result | sign)
    }

    /// The f16 number nearest to `value`, ties to even; infinity from 65,520 on. NaN stays NaN with the upper bits it carries.
    @inlinable
    public static func f16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
        let magnitude = bits & 0x7FFF_FFFF
        let result: UInt32
        if magnitude >= (127 + 16) << 23 {
            result = magnitude > 0xFF << 23 ? 0x7E00 | (magnitude >> 13 & 0x1FF) : 0x7C00
        } else if magnitude < (127 - 14) << 23 {
            // Zero or a denormal: adding 0.5 lets the addition round at the last place of the mantissa, 2⁻²⁴.
            let half: Float = 0.5
            result = (Float(bitPattern: magnitude) + half).bitPattern &- half.bitPattern
        } else {
            let isOdd = magnitude >> 13 & 1
            result = (magnitude &- (127 - 15) << 23 &+ 0xFFF &+ isOdd) >> 13
        }
        return UInt16(truncatingIfNeeded: result) | sign
    }

    /// The number that `bits` are in bf16; exact.
    @inlinable
    public static func float(bf16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// The bf16 number nearest to `value`, ties to even. NaN stays NaN with the upper bits it carries.
    @inlinable
    public static func bf16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if bits & 0x7FFF_FFFF > 0xFF << 23 { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }
}
