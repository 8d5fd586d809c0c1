/// The result of quantization, layer by layer. It is saved beside a quantized network.
public struct QuantizationReport: Sendable, Codable {
    public struct Layer: Sendable, Codable {
        public let operation: String
        public let type: String
        public let precision: QuantizationPlan.Precision
        /// The reason that the layer is not in INT8.
        public let reason: QuantizationPlan.Reason?
        /// The range of the input activation.
        public let low: Float?
        public let high: Float?
        /// √(Σ(w − ŵ)² / Σw²) of the weights.
        public let weightError: Double?
        /// Whether the bias was corrected; nil if bias correction was off.
        public var hasCorrectedBias: Bool?

        enum CodingKeys: String, CodingKey {
            case operation, type, precision, reason, low, high
            case weightError = "weight_error"
            case hasCorrectedBias = "has_corrected_bias"
        }
    }

    public let layers: [Layer]
    /// The size of the quantized weights in bytes, before and after.
    public let bytesBefore: Int
    public let bytesAfter: Int

    enum CodingKeys: String, CodingKey {
        case layers
        case bytesBefore = "bytes_before"
        case bytesAfter = "bytes_after"
    }

    init(
        _ plan: QuantizationPlan, _ placement: QuantizerPlacement, _ ranges: [ActivationRange],
        _ weights: WeightCompressionReport,
        _ biases: FastBiasCorrection.Report? = nil
    ) {
        let corrected = Set(biases?.corrected ?? [])
        var rangeOf: [String: ActivationRange] = [:]
        for (quantizer, range) in zip(placement.quantizers, ranges) {
            for operation in quantizer.operations { rangeOf[operation] = range }
        }
        let errors = Dictionary(weights.layers.map { ($0.operation, $0.relativeError) }, uniquingKeysWith: { first, _ in first })
        layers = plan.layers.map { layer in
            let range = rangeOf[layer.operation]
            return Layer(
                operation: layer.operation, type: layer.type, precision: layer.precision, reason: layer.reason, low: range?.low,
                high: range?.high, weightError: errors[layer.operation],
                hasCorrectedBias: biases == nil ? nil : corrected.contains(layer.operation))
        }
        bytesBefore = weights.bytesBefore
        bytesAfter = weights.bytesAfter
    }

    /// The report of a compression of weights without activations.
    public init(_ weights: WeightCompressionReport) {
        layers = weights.layers.map { layer in
            Layer(
                operation: layer.operation, type: layer.mode.rawValue, precision: .weights, reason: nil, low: nil, high: nil,
                weightError: layer.relativeError)
        }
        bytesBefore = weights.bytesBefore
        bytesAfter = weights.bytesAfter
    }

    /// The number of layers with a precision.
    public func count(_ precision: QuantizationPlan.Precision) -> Int { layers.count { $0.precision == precision } }
}
