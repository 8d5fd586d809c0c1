public import TensorStore

/// One weight tensor in its smaller form: w ≈ (code − zero point) · scale.
public struct QuantizedWeight: Sendable {
    public let layout: WeightLayout
    public let mode: WeightMode
    /// Input channels that share a scale; nil where a whole channel does.
    public let groupSize: Int?
    /// Integers or NF4 indices as `mode.elementType` lays them out, 4-bit ones two a byte.
    public let codes: [UInt8]
    /// By which codes were found, before they are rounded to `mode.scaleType`: one a channel or group.
    public let scales: [Float]
    /// As many as scales, 0 … 15 or 0 … 255; empty for symmetric forms.
    public let zeroPoints: [UInt8]
    /// √(Σ(w − ŵ)² / Σw²) with ŵ as stored; 0 for weights that are all zero.
    public let relativeError: Double
    /// The largest over channels of the mean of (w − ŵ)², ŵ by scales that are not rounded: by which NNCF orders layers.
    let worstChannelError: Double

    /// Σ mean·(w − ŵ) of each output channel, where means of the input channels were given for weights in 8 bits.
    let outputShifts: [Float]

    /// The codes' shape in the graph.
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
