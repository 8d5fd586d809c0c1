import TensorStore

/// Operations of Glint's own extension library, `GlintOperations`. A network that has one is run like any other: `Executable` loads
/// the library. IR names their set `glint`.
extension Graph {
    /// The set that operations of `GlintOperations` are in.
    public static let ownOperations = "glint"

    /// Swish with a slope for each channel, x / (1 + exp(−slope[c]·x)) (ChannelSwish, glint).
    /// - Parameters:
    ///   - slope: `[channels]`.
    ///   - axis: the axis of the channels in `x`, from 0.
    public mutating func channelSwish(_ x: Value, slope: Value, axis: Int = 1, name: String? = nil) throws(GraphError) -> Value {
        guard x.elementType.isFloatingPoint, slope.elementType == x.elementType else {
            throw refusal("ChannelSwish", [x, slope], "both operands must be of one floating-point type", name: name)
        }
        guard axis >= 0, axis < x.shape.rank ?? .max, slope.shape.rank == 1,
            (x.shape.dimensions?[axis] ?? .any).isCompatible(with: slope.shape.dimensions?[0] ?? .any)
        else {
            throw refusal(
                "ChannelSwish", [x, slope], "slope must have one axis, of as many elements as axis \(axis) of the input",
                name: name)
        }
        return appendValue(
            Node(
                name: name ?? nodeName("ChannelSwish"), type: "ChannelSwish", opset: Self.ownOperations,
                attributes: [.init("axis", "\(axis)")], inputs: [x, slope],
                outputs: [Node.Output(elementType: x.elementType, shape: x.shape)]))
    }
}
