import TensorStore

extension Graph {
    /// Rounds each element to one of `levels` evenly spaced values of a range, in floating point (FakeQuantize, opset1). It tells
    /// a device to compute in integers.
    ///
    /// - Parameters:
    ///   - low, high: the range, of one element or broadcasting to `x`.
    ///   - output: the range that the ends are mapped to; nil for the same range.
    ///   - levels: 256 for 8 bits; 255 for 8 bits without the lowest value.
    public mutating func fakeQuantize(
        _ x: Value, low: Value, high: Value, output: (low: Value, high: Value)? = nil, levels: Int, name: String? = nil
    ) throws(GraphError) -> Value {
        let operands = [x, low, high, output?.low ?? low, output?.high ?? high]
        guard x.elementType.isFloatingPoint, operands.allSatisfy({ $0.elementType == x.elementType }), levels >= 2 else {
            throw refusal("FakeQuantize", operands, "all operands must be of one floating-point type", name: name)
        }
        for bound in operands.dropFirst() {
            guard let shape = PartialShape.broadcast(x.shape, bound.shape), shape.isCompatible(with: x.shape) else {
                throw refusal("FakeQuantize", operands, "the range must broadcast to the input", name: name)
            }
        }
        return append(
            "FakeQuantize", name: name, attributes: [.init("levels", "\(levels)"), .init("auto_broadcast", "numpy")],
            inputs: operands, elementType: x.elementType, shape: x.shape)
    }
}
