/// The type of one element of a tensor, under OpenVINO's names.
///
/// Raw values are the words that IR uses in `<data element_type="…">`.
public enum ElementType: String, Sendable, Hashable, CaseIterable, Codable {
    case boolean, bf16, f16, f32, f64
    case i4, i8, i16, i32, i64
    case u1, u2, u3, u4, u6, u8, u16, u32, u64
    case nf4, f8e4m3, f8e5m2, f4e2m1, f8e8m0
    case string
    /// Not known before run time.
    case dynamic

    /// Bits of one element in memory; nil for `string` and `dynamic`, which have no fixed size.
    public var bitWidth: Int? {
        switch self {
        case .u1: 1
        case .u2: 2
        case .u3: 3
        case .i4, .u4, .nf4, .f4e2m1: 4
        case .u6: 6
        case .boolean, .i8, .u8, .f8e4m3, .f8e5m2, .f8e8m0: 8
        case .bf16, .f16, .i16, .u16: 16
        case .f32, .i32, .u32: 32
        case .f64, .i64, .u64: 64
        case .string, .dynamic: nil
        }
    }

    /// Whether elements are floating point of any width.
    public var isFloatingPoint: Bool {
        switch self {
        case .bf16, .f16, .f32, .f64, .nf4, .f8e4m3, .f8e5m2, .f4e2m1, .f8e8m0: true
        default: false
        }
    }

    /// Bytes that `count` elements take, sub-byte types rounded up as a whole; nil on overflow or without a fixed size.
    public func byteCount(of count: Int) -> Int? {
        guard let bitWidth, count >= 0 else { return nil }
        let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
        guard !overflow, bits <= Int.max - 7 else { return nil }
        return (bits + 7) / 8
    }
}

extension ElementType: CustomStringConvertible {
    public var description: String { rawValue }
}
