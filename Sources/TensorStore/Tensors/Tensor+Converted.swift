extension Tensor {
    /// The same numbers as `type`.
    ///
    /// To floating point: the nearest number, ties to even. To integers: the fraction is cut off, and what is then out of
    /// range is an error. To boolean: whether not zero. Types: boolean, f16, bf16, f32, f64 and integers of 8 to 64 bits; from
    /// f8e4m3 and f8e5m2 too.
    ///
    /// Meant for millions of elements, not for the billions of a whole checkpoint.
    /// - Throws: `ConversionError`.
    public func converted(to type: ElementType) throws -> Tensor {
        if type == elementType { return self }
        guard Self.targets.contains(type) else { throw ConversionError.unsupported(from: elementType, to: type) }
        switch elementType {
        // Exact, so that what follows rounds once.
        case .f16: return try fromFloats(try mapped { (bits: UInt16) in HalfPrecision.float(f16: bits) }, to: type)
        case .bf16: return try fromFloats(try mapped { (bits: UInt16) in HalfPrecision.float(bf16: bits) }, to: type)
        case .f8e4m3: return try fromFloats(try mapped { (bits: UInt8) in Float8.float(e4m3: bits) }, to: type)
        case .f8e5m2: return try fromFloats(try mapped { (bits: UInt8) in Float8.float(e5m2: bits) }, to: type)
        case .f32: return try fromFloats(self, to: type)
        case .f64: return try fromDoubles(to: type)
        // Exact too: pairs of all types would be a hundred loops.
        case .boolean, .u8: return try widened(UInt8.self, to: type)
        case .i8: return try widened(Int8.self, to: type)
        case .i16: return try widened(Int16.self, to: type)
        case .i32: return try widened(Int32.self, to: type)
        case .u16: return try widened(UInt16.self, to: type)
        case .u32: return try widened(UInt32.self, to: type)
        case .i64: return try fromIntegers(Int64.self, to: type)
        case .u64: return try fromIntegers(UInt64.self, to: type)
        default: throw ConversionError.unsupported(from: elementType, to: type)
        }
    }

    private static let targets: Set<ElementType> = [
        .boolean, .f16, .bf16, .f32, .f64, .i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64,
    ]

    /// By way of i64, which holds every `Source`.
    private func widened<Source: TensorElement & FixedWidthInteger>(_: Source.Type, to type: ElementType) throws -> Tensor {
        let integers = try mapped { (value: Source) in Int64(value) }
        return type == .i64 ? integers : try integers.fromIntegers(Int64.self, to: type)
    }

    private func fromFloats(_ floats: Tensor, to type: ElementType) throws -> Tensor {
        switch type {
        case .f32: floats
        case .f16: try floats.mapped(to: .f16) { (value: Float) in HalfPrecision.f16(value) }
        case .bf16: try floats.mapped(to: .bf16) { (value: Float) in HalfPrecision.bf16(value) }
        case .f64: try floats.mapped { (value: Float) in Double(value) }
        default: try floats.truncatedFloats(to: type)
        }
    }

    private func truncatedFloats(to type: ElementType) throws -> Tensor {
        do {
            return try mapped { (value: Float) in Double(value) }.truncated(to: type)
        } catch ConversionError.outOfRange(let index, _, let type) {
            // As f32 writes the number: f64 has more digits.
            let value = withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 4 * index, as: Float.self) }
            throw ConversionError.outOfRange(index: index, value: "\(value)", to: type)
        }
    }

    private func fromDoubles(to type: ElementType) throws -> Tensor {
        switch type {
        case .f32: try mapped { (value: Double) in Float(value) }
        case .f16: try mapped(to: .f16) { (value: Double) in HalfPrecision.f16(value.roundedToOddFloat) }
        case .bf16: try mapped(to: .bf16) { (value: Double) in HalfPrecision.bf16(value.roundedToOddFloat) }
        default: try truncated(to: type)
        }
    }

    private func fromIntegers<Source: TensorElement & FixedWidthInteger>(_: Source.Type, to type: ElementType) throws -> Tensor {
        switch type {
        case .f32: try mapped { (value: Source) in Float(value) }
        case .f64: try mapped { (value: Source) in Double(value) }
        case .f16: try mapped(to: .f16) { (value: Source) in HalfPrecision.f16(value.roundedToOddFloat) }
        case .bf16: try mapped(to: .bf16) { (value: Source) in HalfPrecision.bf16(value.roundedToOddFloat) }
        case .boolean: try mapped(to: .boolean) { (value: Source) in UInt8(value == 0 ? 0 : 1) }
        case .i8: try exactly(Source.self, as: Int8.self)
        case .i16: try exactly(Source.self, as: Int16.self)
        case .i32: try exactly(Source.self, as: Int32.self)
        case .i64: try exactly(Source.self, as: Int64.self)
        case .u8: try exactly(Source.self, as: UInt8.self)
        case .u16: try exactly(Source.self, as: UInt16.self)
        case .u32: try exactly(Source.self, as: UInt32.self)
        case .u64: try exactly(Source.self, as: UInt64.self)
        default: throw ConversionError.unsupported(from: elementType, to: type)
        }
    }

    /// From f64 to boolean or integers.
    private func truncated(to type: ElementType) throws -> Tensor {
        switch type {
        case .boolean: try mapped(to: .boolean) { (value: Double) in UInt8(value == 0 ? 0 : 1) }
        case .i8: try truncated(as: Int8.self)
        case .i16: try truncated(as: Int16.self)
        case .i32: try truncated(as: Int32.self)
        case .i64: try truncated(as: Int64.self)
        case .u8: try truncated(as: UInt8.self)
        case .u16: try truncated(as: UInt16.self)
        case .u32: try truncated(as: UInt32.self)
        case .u64: try truncated(as: UInt64.self)
        default: throw ConversionError.unsupported(from: elementType, to: type)
        }
    }

    private func truncated<Target: TensorElement & FixedWidthInteger>(as _: Target.Type) throws -> Tensor {
        try checked { (value: Double) in Target(exactly: value.rounded(.towardZero)) }
    }

    private func exactly<Source: TensorElement & FixedWidthInteger, Target: TensorElement & FixedWidthInteger>(
        _: Source.Type, as _: Target.Type
    ) throws -> Tensor {
        try checked { (value: Source) in Target(exactly: value) }
    }

    /// The elements under `transform`; `type` where the target's bits are another type's.
    private func mapped<Source: BitwiseCopyable, Target: TensorElement>(
        to type: ElementType = Target.elementType, _ transform: (Source) -> Target
    ) throws(TensorError) -> Tensor {
        var result = try Tensor(zeros: shape, of: type)
        withUnsafeBytes { source in
            result.withUnsafeMutableBytes { target in
                let target = target.bindMemory(to: Target.self)
                for index in target.indices {
                    // Borrowed bytes may lie at any address.
                    let value = source.loadUnaligned(fromByteOffset: index * MemoryLayout<Source>.stride, as: Source.self)
                    target[index] = transform(value)
                }
            }
        }
        return result
    }

    /// The elements under `transform`, which is nil for what the target can't hold.
    private func checked<Source: TensorElement, Target: TensorElement & FixedWidthInteger>(
        _ transform: (Source) -> Target?
    ) throws -> Tensor {
        var failure: (index: Int, value: Source)?
        var index = 0
        let result = try mapped { (value: Source) -> Target in
            defer { index += 1 }
            if let result = transform(value) { return result }
            if failure == nil { failure = (index, value) }
            return 0
        }
        if let failure {
            throw ConversionError.outOfRange(index: failure.index, value: "\(failure.value)", to: Target.elementType)
        }
        return result
    }
}

extension Double {
    /// An f32 that rounds to f16 and bf16 as this number would: inexact values get an odd last bit, which keeps them off the
    /// halfway points that rounding twice would meet.
    fileprivate var roundedToOddFloat: Float {
        let nearest = Float(self)
        guard Double(nearest) != self, nearest.isFinite, nearest.bitPattern & 1 == 0 else { return nearest }
        return Double(nearest).magnitude < magnitude
            ? Float(bitPattern: nearest.bitPattern + 1) : Float(bitPattern: nearest.bitPattern - 1)
    }
}

extension FixedWidthInteger {
    /// See `Double.roundedToOddFloat`; not by way of `Double`, which would itself round.
    fileprivate var roundedToOddFloat: Float {
        let excess = Magnitude.bitWidth - magnitude.leadingZeroBitCount - (Float.significandBitCount + 1)
        guard excess > 0 else { return Float(self) }
        let isInexact = magnitude.trailingZeroBitCount < excess
        let significand = Float(magnitude >> excess | (isInexact ? 1 : 0))
        return Float(sign: self < 0 ? .minus : .plus, exponent: excess, significand: significand)
    }
}

/// Why a tensor can't be had with another element type.
public enum ConversionError: Error, Equatable, Sendable {
    case unsupported(from: ElementType, to: ElementType)
    /// An element that the integer type can't hold; `value` as text.
    case outOfRange(index: Int, value: String, to: ElementType)
}

extension ConversionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unsupported(let from, let to): "Conversion from \(from) to \(to) is not supported."
        case .outOfRange(let index, let value, let to): "Element \(index) is \(value), which \(to) can't hold."
        }
    }
}

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
