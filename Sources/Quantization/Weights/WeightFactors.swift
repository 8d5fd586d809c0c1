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
