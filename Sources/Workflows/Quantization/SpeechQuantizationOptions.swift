import Inference
import ModelGraph
public import Quantization
import Speech

/// The precisions of a Whisper model's networks, and the method.
public struct SpeechQuantizationOptions: Sendable {
    public enum Precision: String, Sendable, CaseIterable {
        /// Weights and activations, calibrated on recordings.
        case int8
        /// Weights alone.
        case weights
        case float
    }

    /// Most of the time goes into the encoder, whose 1,500 positions keep integer products busy. Without VNNI they are slower than
    /// those in f32: tiny.en's encoder took 460 ms in INT8 and 330 ms with INT8 weights alone on two cores with AVX2.
    public var encoder = Processor.current.saturatesInt8 ? Precision.weights : .int8
    /// A step of the decoder reads all weights for a few tokens, so their size is its time. There is one network for the first token
    /// and those after it.
    public var decoder = Precision.weights
    public var weights = WeightCompressionOptions(mode: .int8Asymmetric)
    public var preset = QuantizationPreset.mixed
    public var ranges = RangeEstimator.minMax
    /// Whether attention scores are computed in INT8 too.
    public var scores = true
    /// SmoothQuant's alpha; nil for no smoothing.
    public var smoothQuant: SmoothQuant.Alpha? = .global(0.5)
    /// The rule that gives channels ranges of their own where SmoothQuant can't divide them: before convolutions, and behind activation
    /// functions. The last feed-forward network of tiny.en's encoder has channels 50 times as wide as others, and without this its
    /// words are lost.
    public var channelScaling: ChannelScaling? = ChannelScaling(alpha: 0.5, products: true)
    /// Whether weights have 7 bits, for processors without VNNI; by default if this machine's is one.
    public var halfRangeWeights = Processor.current.saturatesInt8
    /// Layers that stay in floating point.
    public var ignored = IgnoredScope()

    public init() {}

    func postTraining(_ network: WhisperCalibration.Network, _ graph: Graph) -> PostTrainingQuantization.Options {
        var options = PostTrainingQuantization.Options(
            .init(runInputs: [network == .encoder ? "input_features" : "input_ids"]))
        options.rules.keepsEnds = false
        options.rules.ignored = ignored
        // The table of tokens makes the logits too.
        if network == .decoder { options.rules.ignored.names.append("proj_out/MatMul") }
        options.preset = preset
        options.estimator = ranges
        options.scores = scores
        options.smoothing = smoothQuant
        options.channelScaling = channelScaling
        options.weights = halfRangeWeights ? .int8HalfRange : .int8Narrow
        return options
    }
}
