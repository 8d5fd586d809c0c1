public import TensorStore

/// The axes of a weight tensor that its operation sums over. Each position on the remaining axes is an output channel with a
/// scale of its own.
///
/// The tensor is treated as `[outer, depth, inner]`. The operation sums over a contiguous run of axes, `depth`. Channels lie
/// before it (`outer`: linear layers and convolutions in torch's layout) or after it (`inner`: products with weights that are not
/// transposed).
public struct WeightLayout: Sendable, Hashable {
    public let shape: Shape
    /// The axes that are summed over; not empty.
    public let reducedAxes: Range<Int>

    /// - Precondition: `reducedAxes` are axes of `shape`.
    public init(shape: Shape, reducedAxes: Range<Int>) {
        precondition(!reducedAxes.isEmpty && reducedAxes.lowerBound >= 0 && reducedAxes.upperBound <= shape.rank)
        self.shape = shape
        self.reducedAxes = reducedAxes
    }

    var outer: Int { shape[..<reducedAxes.lowerBound].reduce(1, *) }
    /// The number of weights per output channel.
    public var depth: Int { shape[reducedAxes].reduce(1, *) }
    var inner: Int { shape[reducedAxes.upperBound...].reduce(1, *) }
    public var elementCount: Int { outer * depth * inner }
    /// The number of output channels.
    public var channels: Int { outer * inner }
    /// The number of input channels: the size of the first reduced axis. The other reduced axes are positions in a convolution's
    /// kernel.
    public var inputChannels: Int { shape[reducedAxes.lowerBound] }

    /// The shape of the stored constant. With groups, the reduced axis is split in two.
    func storedShape(groupSize: Int?) -> Shape {
        guard let groupSize else { return shape }
        return Shape(
            Array(shape[..<reducedAxes.lowerBound]) + [depth / groupSize, groupSize] + Array(shape[reducedAxes.upperBound...]))
    }

    /// The shape of scales and zero points, which broadcast against the stored constant.
    func scaleShape(groupSize: Int?) -> Shape {
        guard let groupSize else {
            return Shape(shape.indices.map { reducedAxes.contains($0) ? 1 : shape[$0] })
        }
        return Shape(Array(shape[..<reducedAxes.lowerBound]) + [depth / groupSize, 1] + Array(shape[reducedAxes.upperBound...]))
    }
}
