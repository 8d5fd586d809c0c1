import TensorStore

extension Graph {
    /// Reductions along axes (opset1; `l2` opset4).
    public enum Reduction: String, Sendable, CaseIterable {
        case minimum = "ReduceMin"
        case maximum = "ReduceMax"
        case mean = "ReduceMean"
        case sum = "ReduceSum"
        case product = "ReduceProd"
        /// The root of the sum of squares.
        case l2 = "ReduceL2"
    }

    /// - Parameters:
    ///   - axes: nil for all axes.
    ///   - keepsAxes: whether the axes stay, as 1.
    public mutating func reduce(
        _ operation: Reduction, _ x: Value, axes: [Int]? = nil, keepsAxes: Bool = false, name: String? = nil
    ) throws(GraphError) -> Value {
        guard let dimensions = x.shape.dimensions else {
            throw refusal(operation.rawValue, [x], "the rank must be known", name: name)
        }
        let axes = axes ?? Array(dimensions.indices)
        guard Set(axes).count == axes.count, axes.allSatisfy(dimensions.indices.contains) else {
            throw refusal(operation.rawValue, [x], "axes \(axes) must each name an axis of the input once", name: name)
        }
        var result: [Dimension] = []
        for (axis, dimension) in dimensions.enumerated() {
            if !axes.contains(axis) { result.append(dimension) } else if keepsAxes { result.append(1) }
        }
        let places = integers(axes)
        return append(
            operation.rawValue, opset: operation == .l2 ? 4 : 1, name: name, attributes: [.init("keep_dims", "\(keepsAxes)")],
            inputs: [x, places],
            elementType: x.elementType, shape: PartialShape(result))
    }
}
