public import TensorStore

/// The form that weights are stored in, and the rule that finds their scales.
public enum WeightMode: String, Sendable, Hashable, CaseIterable {
    /// i8, −128 … 127, no zero point. The scale is negative where the largest magnitude is positive, so that −128 is used.
    case int8Symmetric = "int8-sym"
    /// u8 with a zero point.
    case int8Asymmetric = "int8-asym"
    /// i4, −8 … 7, by the rule of `int8Symmetric`.
    case int4Symmetric = "int4-sym"
    /// u4 with a zero point.
    case int4Asymmetric = "int4-asym"
    /// The 16 numbers of QLoRA's NormalFloat, of the largest magnitude (Dettmers et al. 2023).
    case nf4
    /// i8, −127 … 127: the weights of networks whose activations are quantized too. Scales are f32.
    case int8Narrow = "int8-narrow"
    /// The same in 7 bits, −63 … 63, for processors whose 8-bit products saturate (AVX2 and AVX-512 without VNNI).
    case int8HalfRange = "int8-half-range"
    /// `int8Narrow` for 3×3 convolutions of pictures that nearest-neighbour interpolation has doubled: scales are such that codes
    /// of a kernel add up to codes, so that the convolution can be computed in four of 2×2, and rounding is such that the sums are
    /// exact rather than single weights. Other weights are as `int8Narrow`.
    case int8Upsampled = "int8-upsampled"
    /// `int8HalfRange` by the rule of `int8Upsampled`.
    case int8HalfRangeUpsampled = "int8-half-range-upsampled"

    /// What the constant holds.
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

    /// Whether scales may be given to groups of input channels.
    public var is4Bit: Bool { self == .int4Symmetric || self == .int4Asymmetric || self == .nf4 }

    public var isAsymmetric: Bool { self == .int8Asymmetric || self == .int4Asymmetric }

    /// What scales are stored in.
    var scaleType: ElementType {
        switch self {
        case .int8Narrow, .int8HalfRange, .int8Upsampled, .int8HalfRangeUpsampled: .f32
        default: .f16
        }
    }

    /// The mode for 3×3 convolutions of doubled pictures in networks whose other weights have this mode; nil where it is the same.
    var upsampled: WeightMode? {
        switch self {
        case .int8Narrow: .int8Upsampled
        case .int8HalfRange: .int8HalfRangeUpsampled
        default: nil
        }
    }

    var isUpsampled: Bool { self == .int8Upsampled || self == .int8HalfRangeUpsampled }

    /// The integers that codes are cut to; of no use for NF4.
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
