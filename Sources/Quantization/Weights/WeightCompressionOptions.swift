/// Options of `WeightCompression`: the modes of weights and the rules that assign them.
public struct WeightCompressionOptions: Sendable, Equatable {
    /// The treatment of a 4-bit layer whose input channels the group size does not divide.
    public enum GroupFallback: String, Sendable, CaseIterable {
        /// The pass throws an error.
        case refuse
        /// The layer is not compressed.
        case keep
        /// The group size becomes the largest power of two that divides the channels. If it is below `minimumGroupSize`, the
        /// layer gets the backup mode.
        case adjust
    }

    public var mode: WeightMode
    /// Modes of single operations by name, which override `mode`. Weights in 4 bits use `groupSize`.
    public var modes: [String: WeightMode] = [:]
    /// The number of input channels that share a scale in 4-bit layers; nil for whole channels.
    public var groupSize: Int?
    public var groupFallback = GroupFallback.refuse
    public var minimumGroupSize = 32
    /// The share of eligible weights that get the 4-bit mode. The layers with the smallest 8-bit error stay in 8 bits.
    public var ratio = 1.0
    /// 4-bit modes: the mode of the other layers. Convolutions are among them, since they have no 4-bit form.
    public var backup = WeightMode.int8Asymmetric
    /// 4-bit modes: whether embeddings and the last matrix product get 4 bits too.
    public var allLayers = false
    /// Whether embedding tables are compressed.
    public var embeddings = true
    public var ignored = IgnoredScope()
    /// Factors that weights are multiplied by before they are quantized, by constant name (SmoothQuant). Ignored weights are
    /// multiplied in the graph.
    public var factors: [String: WeightFactors] = [:]
    /// The mean of each input channel of the operation that uses the weights, by constant name. With means and an 8-bit mode, the
    /// report gives the shift that rounding causes in the mean of each output channel.
    public var inputMeans: [String: [Float]] = [:]

    /// 8-bit modes: whether convolution weights are rounded so that the sum of each kernel stays closest to its original value.
    /// The sum is the kernel's response to a uniform picture. Otherwise each weight is rounded to the nearest code.
    public var keepsKernelSums = false

    /// - Parameter groupSize: nil for 128 with 4-bit modes; ignored with 8-bit modes. For 4-bit modes with one scale per channel,
    ///   set the property to nil.
    public init(mode: WeightMode, groupSize: Int? = nil) {
        self.mode = mode
        self.groupSize = mode.is4Bit ? groupSize ?? 128 : nil
    }
}
