import CNumerics
public import TensorStore

/// Computes scales and codes of weights.
///
/// The modes up to `nf4` match `nncf.compress_weights` 3.4 integer for integer: codes are computed with f32 scales, which are
/// rounded to f16 for storage.
public struct WeightQuantizer: Sendable {
    public let mode: WeightMode
    /// The number of input channels that share a scale; nil for one scale per channel.
    public let groupSize: Int?

    public init(mode: WeightMode, groupSize: Int? = nil) {
        self.mode = mode
        self.groupSize = groupSize
    }

    /// - Parameters:
    ///   - weights: f32, f16 or bf16, row-major, at any address.
    ///   - name: the name of the tensor in errors.
    public func quantize(
        _ weights: UnsafeRawBufferPointer, _ elementType: ElementType, _ layout: WeightLayout, name: String
    ) throws(QuantizationError) -> QuantizedWeight {
        try quantize(weights, elementType, layout, ChannelData(), name: name)
    }

    func quantize(
        _ weights: UnsafeRawBufferPointer, _ elementType: ElementType, _ layout: WeightLayout, _ channels: ChannelData,
        name: String
    ) throws(QuantizationError) -> QuantizedWeight {
        guard let source = WeightSource(weights, elementType, layout) else { throw .elementType(tensor: name, elementType) }
        guard let expected = elementType.byteCount(of: layout.elementCount), expected == weights.count else {
            throw .size(tensor: name, expected: elementType.byteCount(of: layout.elementCount) ?? 0, found: weights.count)
        }
        if let groupSize {
            guard mode.is4Bit, layout.reducedAxes.count == 1 else { throw .groupsNotTaken(tensor: name, mode) }
            guard groupSize > 0, layout.depth % groupSize == 0 else {
                throw .groupSize(tensor: name, groupSize, depth: layout.depth)
            }
        }
        guard layout.elementCount > 0 else {
            return QuantizedWeight(
                layout: layout, mode: mode, groupSize: groupSize, codes: [], scales: [], zeroPoints: [], relativeError: 0,
                worstChannelError: 0, outputShifts: [])
        }
        try channels.check(layout, name: name)
        let rows = WeightRows(source: source, layout: layout, depth: groupSize ?? layout.depth, factors: channels.factors)
        let ranges = rows.ranges()
        guard ranges.allSatisfy({ $0.finite != 0 }) else { throw .notFinite(tensor: name) }
        var scales = scales(ranges, channels.factors.output)
        if mode.isUpsampled, let sums = rows.upsampledMagnitudes() {
            // A sum of four codes is rounded four times, by a half each or, where sums are kept, by less than one.
            let limit = mode.codes.upperBound - (channels.keepsKernelSums ? 4 : 2)
            // The span of a channel's largest magnitude: 127 codes, or 63.5.
            let span: Float = mode == .int8Upsampled ? 127 : 63.5
            for row in scales.indices { scales[row] = max(scales[row] * span, sums[row]) / limit }
        }
        if mode.scaleType == .f16, let large = scales.first(where: { abs($0) >= 65_520 }) {
            throw .scaleRange(tensor: name, large)
        }
        let zeroPoints = mode.isAsymmetric ? zip(ranges, scales).map(zeroPoint) : []
        let result = rows.quantize(
            mode, scales, zeroPoints, inputMeans: mode.is4Bit ? nil : channels.inputMeans,
            keepsKernelSums: channels.keepsKernelSums && !mode.is4Bit)
        return QuantizedWeight(
            layout: layout, mode: mode, groupSize: groupSize, codes: mode.is4Bit ? packed4(result.codes) : result.codes,
            scales: scales, zeroPoints: zeroPoints, relativeError: result.relativeError,
            worstChannelError: result.worstChannelError, outputShifts: result.outputShifts)
    }

    // MARK: Scales

    private func scales(_ ranges: [cnumerics_range], _ outputFactors: [Float]?) -> [Float] {
        switch mode {
        case .int8Symmetric: ranges.map { signedScale($0, 128) }
        case .int4Symmetric: ranges.map { signedScale($0, 8) }
        case .int8Asymmetric: ranges.map { nonzero((max($0.maximum, 0) - min($0.minimum, 0)) / 255) }
        case .int4Asymmetric: ranges.map { nonzero((max($0.maximum, 0) - min($0.minimum, 0)) / 15) }
        case .nf4: ranges.map { nonzero(max($0.maximum, -$0.minimum)) }
        case .int8Narrow, .int8Upsampled: flooredMagnitudes(ranges, outputFactors).map { ($0 - -$0) / 254 }
        case .int8HalfRange, .int8HalfRangeUpsampled: flooredMagnitudes(ranges, outputFactors).map { ($0 * 2 - -$0 * 2) / 254 }
        }
    }

    /// The scale that maps the largest magnitude, of either sign, to the lowest code.
    private func signedScale(_ range: cnumerics_range, _ levels: Float) -> Float {
        let low = abs(range.minimum)
        return nonzero((low >= range.maximum ? low : -range.maximum) / levels)
    }

    private func nonzero(_ scale: Float) -> Float { abs(scale) < Float.ulpOfOne ? Float.ulpOfOne : scale }

    /// The magnitudes of channels, at least a hundredth of the largest one, so that the noise of near-zero channels is not
    /// amplified. The floor applies to weights before multiplication by output factors, which the readers of the output channels
    /// compensate.
    private func flooredMagnitudes(_ ranges: [cnumerics_range], _ outputFactors: [Float]?) -> [Float] {
        let factors = outputFactors.map { $0.map(abs) } ?? ranges.map { _ in 1 }
        let magnitudes = zip(ranges, factors).map { $1 > 0 ? max($0.maximum, -$0.minimum) / $1 : 0 }
        let floor = max((magnitudes.max() ?? 0) * 0.01, 8e-5)
        return zip(magnitudes, factors).map { $1 > 0 ? max($0, floor) * $1 : floor }
    }

    private func zeroPoint(_ range: cnumerics_range, _ scale: Float) -> UInt8 {
        let zero = -(min(range.minimum, 0) / scale).rounded(.toNearestOrEven)
        return UInt8(min(max(zero, 0), mode.codes.upperBound))
    }
}

/// Packs two codes per byte, the first in the lower half.
func packed4(_ codes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: (codes.count + 1) / 2) { target, count in
        count = (codes.count + 1) / 2
        guard count > 0, let base = target.baseAddress else { return }
        codes.withUnsafeBufferPointer { cnumerics_pack4($0.baseAddress, $0.count, base) }
    }
}

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

/// Factors for the channels of weights.
public struct WeightFactors: Sendable, Hashable {
    /// One factor per input channel; nil for 1.
    public var input: [Float]?
    /// One factor per output channel; nil for 1.
    public var output: [Float]?

    public init(input: [Float]? = nil, output: [Float]? = nil) {
        self.input = input
        self.output = output
    }
}

/// Per-channel data for quantizing one weight tensor.
struct ChannelData: Hashable {
    var factors = WeightFactors()
    /// Means of the operation's input channels, after the division that `factors` compensates.
    var inputMeans: [Float]?
    /// Whether the codes of convolution kernels keep the sums of the kernels.
    var keepsKernelSums = false

    func check(_ layout: WeightLayout, name: String) throws(QuantizationError) {
        let counts = [
            (factors.input, layout.inputChannels), (factors.output, layout.channels), (inputMeans, layout.inputChannels),
        ]
        for case (let values?, let expected) in counts where values.count != expected {
            throw .channelCount(tensor: name, expected: expected, found: values.count)
        }
    }
}
