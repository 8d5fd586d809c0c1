import TensorStore

extension Graph {
    /// Rounds each element to one of `levels` values evenly spaced over a range, in floating point (FakeQuantize, opset1): what
    /// a device takes as the sign to compute in integers.
    ///
    /// - Parameters:
    ///   - low, high: the range, of one element or broadcasting to `x`; input and output have the same.
    ///   - levels: 256 for 8 bits; 255 for 8 bits without the lowest value.
    public mutating func fakeQuantize(_ x: Value, low: Value, high: Value, levels: Int, name: String? = nil) throws(GraphError) -> Value {
        guard x.elementType.isFloatingPoint, low.elementType == x.elementType, high.elementType == x.elementType, levels >= 2 else {
            throw refusal("FakeQuantize", [x, low, high], "all operands must be of one floating-point type", name: name)
        }
        guard let range = PartialShape.broadcast(low.shape, high.shape), let shape = PartialShape.broadcast(x.shape, range),
            shape.isCompatible(with: x.shape)
        else { throw refusal("FakeQuantize", [x, low, high], "the range must broadcast to the input", name: name) }
        return append(
            "FakeQuantize", name: name, attributes: [.init("levels", "\(levels)"), .init("auto_broadcast", "numpy")],
            inputs: [x, low, high, low, high], elementType: x.elementType, shape: x.shape)
    }
}
