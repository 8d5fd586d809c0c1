/// Numbers by which the channels of weights are multiplied.
public struct WeightFactors: Sendable, Hashable {
    /// One for each input channel; nil for 1.
    public var input: [Float]?
    /// One for each output channel; nil for 1.
    public var output: [Float]?

    public init(input: [Float]? = nil, output: [Float]? = nil) {
        self.input = input
        self.output = output
    }
}

/// What is done with the channels of one weight tensor.
struct ChannelData: Hashable {
    var factors = WeightFactors()
    /// Of the input channels of the operation, after the division that `factors` makes up for.
    var inputMeans: [Float]?
    /// Whether the codes of a convolution's kernels keep their sums.
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
