/// Floating point of 8 bits (OCP's OFP8, https://arxiv.org/abs/2209.05433) by its bits.
enum Float8 {
    /// The number that `bits` are in e4m3, which has no infinity; exact.
    static func float(e4m3 bits: UInt8) -> Float {
        let (sign, exponent, mantissa): (Float, Int, Float) = (bits & 0x80 == 0 ? 1 : -1, Int(bits >> 3 & 0xF), Float(bits & 7))
        if bits & 0x7F == 0x7F { return .nan }
        if exponent == 0 { return sign * mantissa * 0x1p-9 }
        return sign * (1 + mantissa / 8) * Float(sign: .plus, exponent: exponent - 7, significand: 1)
    }

    /// The number that `bits` are in e5m2, the upper half of f16; exact.
    static func float(e5m2 bits: UInt8) -> Float { HalfPrecision.float(f16: UInt16(bits) << 8) }
}
