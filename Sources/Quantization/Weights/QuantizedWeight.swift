public import TensorStore

/// A quantized weight tensor: w ≈ (code − zero point) · scale.
public struct QuantizedWeight: Sendable {
    public let layout: WeightLayout
    public let mode: WeightMode
    /// The number of input channels that share a scale; nil for one scale per output channel.
    public let groupSize: Int?
    /// Integers or NF4 indices in the layout of `mode.elementType`; 4-bit codes are packed two per byte.
    public let codes: [UInt8]
    /// Scales before rounding to `mode.scaleType`, one per channel or group. The codes are computed with these.
    public let scales: [Float]
    /// Zero points, one per scale, 0 … 15 or 0 … 255; empty for symmetric modes.
    public let zeroPoints: [UInt8]
    /// √(Σ(w − ŵ)² / Σw²) with ŵ as stored; 0 if all weights are 0.
    public let relativeError: Double
    /// The largest mean of (w − ŵ)² of any channel, with ŵ from unrounded scales. NNCF orders layers by it.
    let worstChannelError: Double

    /// Σ mean·(w − ŵ) of each output channel; empty unless the weights have 8 bits and means of the input channels were given.
    let outputShifts: [Float]

    /// The shape of the codes in the graph.
    public var storedShape: Shape { layout.storedShape(groupSize: groupSize) }
    /// The shape of scales and zero points.
    public var scaleShape: Shape { layout.scaleShape(groupSize: groupSize) }

    /// Scales as they are stored.
    public var storedScales: [UInt8] {
        if mode.scaleType == .f32 { return scales.withUnsafeBytes(Array.init) }
        return scales.map(HalfPrecision.f16).withUnsafeBytes(Array.init)
    }

    /// Zero points as they are stored, in the codes' type.
    public var storedZeroPoints: [UInt8] { mode.is4Bit ? packed4(zeroPoints) : zeroPoints }

    /// Bytes of codes, scales and zero points.
    public var byteCount: Int { codes.count + storedScales.count + storedZeroPoints.count }
}
