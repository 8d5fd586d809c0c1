import Inference
public import Quantization

/// The networks of a model to quantize, and the method.
public struct ModelQuantizationOptions: Sendable {
    public enum Network: String, Sendable, CaseIterable {
        case unet
        case textEncoder = "text-encoder"
        case vae
    }

    public var networks: Set<Network>
    /// Options for weight compression, with arithmetic in floating point; nil to quantize activations too.
    public var weightCompression: WeightCompressionOptions?
    public var preset = QuantizationPreset.mixed
    public var ranges = RangeEstimator.minMax
    /// Whether attention scores are computed in INT8 too.
    public var scores = true
    /// SmoothQuant's alpha; nil for no smoothing.
    public var smoothQuant: SmoothQuant.Alpha? = .searched
    /// The alpha of channel scaling; nil for none.
    public var channelScaling: Double? = 0.75
    public var keepsKernelSums = true
    public var biasCorrection = false
    /// Whether weights have 7 bits, for processors without VNNI; by default if this machine's is one.
    public var halfRangeWeights = Processor.current.saturatesInt8
    /// Whether the first and the last layer are quantized too.
    public var quantizesEnds = false
    public var quantizesTimeEmbedding = false
    /// Layers that stay in floating point.
    public var ignored = IgnoredScope()
    /// The goal that decides which layers return to floating point after their errors are measured; nil for none.
    public var accuracyGoal: AccuracyControl.Goal?
    /// The number of prompts for measuring the layers' errors.
    public var sensitivityPrompts = 2

    public init(_ networks: Set<Network> = [.unet]) { self.networks = networks }

    /// All options that the layers' errors depend on.
    var fingerprint: String {
        "\(preset) \(ranges) \(scores) \(String(describing: smoothQuant)) \(String(describing: channelScaling)) "
            + "\(keepsKernelSums) \(biasCorrection) \(halfRangeWeights) \(quantizesEnds) \(quantizesTimeEmbedding) \(ignored)"
    }

    /// The options of the passes.
    /// - Parameter standard: the defaults for the kind of network.
    func postTraining(_ standard: PostTrainingQuantization.Options) -> PostTrainingQuantization.Options {
        var options = standard
        options.rules.keepsEnds = !quantizesEnds
        options.rules.keepsTimeEmbedding = !quantizesTimeEmbedding
        options.rules.ignored = ignored
        options.preset = preset
        options.estimator = ranges
        if !scores { options.scores = false }
        options.smoothing = smoothQuant
        options.channelScaling = channelScaling.map { ChannelScaling(alpha: $0) }
        options.keepsKernelSums = keepsKernelSums
        if biasCorrection { options.biasCorrection = true }
        options.weights = halfRangeWeights ? .int8HalfRange : .int8Narrow
        return options
    }
}
