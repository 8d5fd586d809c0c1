public import TensorStore

/// Which axes of a weight tensor are summed over by the operation that uses it: each remaining element is an output channel,
/// with a scale of its own.
///
/// The tensor is seen as `[outer, depth, inner]`: one run of axes is summed over, and channels lie before it (`outer`, as
/// torch stores linear layers and convolutions) or after it (`inner`, products with weights that are not transposed).
public struct WeightLayout: Sendable, Hashable {
    public let shape: Shape
    /// The axes that are summed over; not empty.
    public let reducedAxes: Range<Int>

    /// - Precondition: the axes are the shape's.
    public init(shape: Shape, reducedAxes: Range<Int>) {
        precondition(!reducedAxes.isEmpty && reducedAxes.lowerBound >= 0 && reducedAxes.upperBound <= shape.rank)
        self.shape = shape
        self.reducedAxes = reducedAxes
    }

    var outer: Int { shape[..<reducedAxes.lowerBound].reduce(1, *) }
    /// Weights of one channel.
    public var depth: Int { shape[reducedAxes].reduce(1, *) }
    var inner: Int { shape[reducedAxes.upperBound...].reduce(1, *) }
    public var elementCount: Int { outer * depth * inner }
    /// Output channels.
    public var channels: Int { outer * inner }
    /// Input channels: the first axis that is summed over. Others are the places of a convolution's kernel.
    public var inputChannels: Int { shape[reducedAxes.lowerBound] }

    /// The shape of the stored constant: the reduced axis in two where there are groups.
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
