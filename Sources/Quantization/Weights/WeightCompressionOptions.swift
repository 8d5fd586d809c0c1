/// What `WeightCompression` does with which weights.
public struct WeightCompressionOptions: Sendable, Equatable {
    /// What becomes of a 4-bit layer whose input channels the group size does not divide.
    public enum GroupFallback: String, Sendable, CaseIterable {
        /// The pass is refused.
        case refuse
        /// The layer stays as it is.
        case keep
        /// The largest power of two that divides the channels is taken, where it is `minimumGroupSize` or more; the backup mode
        /// otherwise.
        case adjust
    }

    public var mode: WeightMode
    /// Modes of single operations, by name, in the place of `mode`. Weights in 4 bits are then of `groupSize`.
    public var modes: [String: WeightMode] = [:]
    /// Input channels that share a scale, in 4-bit layers; nil for whole channels.
    public var groupSize: Int?
    public var groupFallback = GroupFallback.refuse
    public var minimumGroupSize = 32
    /// The share of weights that get the 4-bit mode, of those that may; the layers that 8 bits hurt most are kept in 8.
    public var ratio = 1.0
    /// 4-bit modes: what the other layers get, convolutions among them, which have no 4-bit form.
    public var backup = WeightMode.int8Asymmetric
    /// 4-bit modes: whether embeddings and the last matrix product get 4 bits too.
    public var allLayers = false
    /// Whether the tables of embeddings are compressed at all.
    public var embeddings = true
    public var ignored = IgnoredScope()
    /// Factors that weights are multiplied by before they are quantized, by the constant's name (SmoothQuant). Ignored weights
    /// are multiplied by them in the graph.
    public var factors: [String: WeightFactors] = [:]
    /// The mean of each input channel of the operation with the weights, by the constant's name: where given, and the mode is of
    /// 8 bits, the report says what rounding the weights takes from the mean of each output channel.
    public var inputMeans: [String: [Float]] = [:]

    /// 8-bit modes: whether weights of convolutions are rounded so that each kernel's sum is the nearest to what it was, which is
    /// what a kernel makes of an even picture. Others round each weight to the nearest.
    public var keepsKernelSums = false

    /// - Parameter groupSize: nil for 128 with 4-bit modes; of no meaning with 8-bit modes. For 4-bit modes with a scale for
    ///   whole channels, set the property to nil.
    public init(mode: WeightMode, groupSize: Int? = nil) {
        self.mode = mode
        self.groupSize = mode.is4Bit ? groupSize ?? 128 : nil
    }
}
