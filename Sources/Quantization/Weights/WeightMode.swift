public import TensorStore

/// The storage form of weights, and the rule for their scales.
public enum WeightMode: String, Sendable, Hashable, CaseIterable {
    /// i8, −128 … 127, no zero point. The scale is negative where the largest magnitude is positive, so that −128 is used.
    case int8Symmetric = "int8-sym"
    /// u8 with a zero point.
    case int8Asymmetric = "int8-asym"
    /// i4, −8 … 7, with the scale rule of `int8Symmetric`.
    case int4Symmetric = "int4-sym"
    /// u4 with a zero point.
    case int4Asymmetric = "int4-asym"
    /// The 16 values of QLoRA's NormalFloat, scaled by the largest magnitude (Dettmers et al. 2023).
    case nf4
    /// i8, −127 … 127, for weights of networks with quantized activations. Scales are f32.
    case int8Narrow = "int8-narrow"
    /// `int8Narrow` in 7 bits, −63 … 63, for processors whose 8-bit products saturate (AVX2 and AVX-512 without VNNI).
    case int8HalfRange = "int8-half-range"
    /// `int8Narrow` for 3×3 convolutions after nearest-neighbour upsampling by 2. Scales are chosen so that sums of a kernel's
    /// codes are codes too: four 2×2 convolutions can then compute the result. Rounding minimizes the errors of these sums
    /// instead of those of single weights. Other weights are stored as in `int8Narrow`.
    case int8Upsampled = "int8-upsampled"
    /// `int8HalfRange` with the rule of `int8Upsampled`.
    case int8HalfRangeUpsampled = "int8-half-range-upsampled"

    /// The element type of the codes.
    public var elementType: ElementType {
        switch self {
        case .int8Symmetric, .int8Narrow, .int8HalfRange, .int8Upsampled, .int8HalfRangeUpsampled: .i8
        case .int8Asymmetric: .u8
        case .int4Symmetric: .i4
        case .int4Asymmetric: .u4
        case .nf4: .nf4
        }
    }

    /// Bits of one weight: 4 or 8.
    public var bitWidth: Int { is4Bit ? 4 : 8 }

    /// Whether groups of input channels may have scales of their own.
    public var is4Bit: Bool { self == .int4Symmetric || self == .int4Asymmetric || self == .nf4 }

    public var isAsymmetric: Bool { self == .int8Asymmetric || self == .int4Asymmetric }

    /// The element type of stored scales.
    var scaleType: ElementType {
        switch self {
        case .int8Narrow, .int8HalfRange, .int8Upsampled, .int8HalfRangeUpsampled: .f32
        default: .f16
        }
    }

    /// The mode for 3×3 convolutions after upsampling by 2, in networks with this mode; nil if it is the same mode.
    var upsampled: WeightMode? {
        switch self {
        case .int8Narrow: .int8Upsampled
        case .int8HalfRange: .int8HalfRangeUpsampled
        default: nil
        }
    }

    var isUpsampled: Bool { self == .int8Upsampled || self == .int8HalfRangeUpsampled }

    /// The range that codes are clamped to; unused for NF4.
    var codes: ClosedRange<Float> {
        switch self {
        case .int8Symmetric: -128...127
        case .int8Asymmetric: 0...255
        case .int4Symmetric: -8...7
        case .int4Asymmetric: 0...15
        case .nf4: 0...15
        case .int8Narrow, .int8Upsampled: -127...127
        // The largest of a channel lies midway between 63 and 64.
        case .int8HalfRange, .int8HalfRangeUpsampled: -63...63
        }
    }
}
