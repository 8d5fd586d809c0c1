import TensorStore

extension Graph {
    /// Normalizes groups of channels of `x` `[B, C, ...]`, then scales and shifts each channel (GroupNormalization, opset12).
    /// - Parameters:
    ///   - scale, bias: `[C]`.
    ///   - epsilon: added to the variance.
    public mutating func groupNormalization(
        _ x: Value, scale: Value, bias: Value, groups: Int, epsilon: Double, name: String? = nil
    ) throws(GraphError) -> Value {
        guard x.elementType.isFloatingPoint, scale.elementType == x.elementType, bias.elementType == x.elementType else {
            throw refusal("GroupNormalization", [x, scale, bias], "all operands must be of one floating-point type", name: name)
        }
        guard groups > 0, x.shape.rank ?? 2 >= 2, scale.shape.rank == 1, bias.shape.rank == 1 else {
            throw refusal(
                "GroupNormalization", [x, scale, bias],
                "the input must be [B, C, ...], scale and bias [C], groups (\(groups)) 1 or more", name: name)
        }
        if let channels = x.shape.dimensions?[1] {
            guard [scale, bias].allSatisfy({ channels.isCompatible(with: $0.shape.dimensions?[0] ?? .any) }) else {
                throw refusal(
                    "GroupNormalization", [x, scale, bias], "scale and bias must have one element for each channel", name: name)
            }
            if let count = channels.fixedValue, count % groups != 0 {
                throw refusal("GroupNormalization", [x], "\(count) channels do not divide into \(groups) groups", name: name)
            }
        }
        return append(
            "GroupNormalization", opset: 12, name: name,
            attributes: [.init("num_groups", "\(groups)"), .init("epsilon", "\(epsilon)")], inputs: [x, scale, bias],
            elementType: x.elementType, shape: x.shape)
    }

    /// Mean 0 and variance 1 over `axes` (MVN, opset6).
    /// - Parameter epsilon: added to the variance, inside of the root.
    public mutating func meanVarianceNormalization(_ x: Value, axes: [Int], epsilon: Double, name: String? = nil)
        throws(GraphError) -> Value
    {
        guard x.elementType.isFloatingPoint else { throw refusal("MVN", [x], "the operand must be floating point", name: name) }
        if let rank = x.shape.rank, axes.contains(where: { $0 >= rank || $0 < -rank }) {
            throw refusal("MVN", [x], "axes \(axes) must be axes of the input", name: name)
        }
        let axes = integers(axes)
        return append(
            "MVN", opset: 6, name: name,
            attributes: [.init("eps", "\(epsilon)"), .init("normalize_variance", "true"), .init("eps_mode", "INSIDE_SQRT")],
            inputs: [x, axes], elementType: x.elementType, shape: x.shape)
    }

    /// e^x over its sum along `axis` (SoftMax, opset8).
    public mutating func softmax(_ x: Value, axis: Int, name: String? = nil) throws(GraphError) -> Value {
        guard x.elementType.isFloatingPoint else {
            throw refusal("SoftMax", [x], "the operand must be floating point", name: name)
        }
        if let rank = x.shape.rank, axis >= rank || axis < -rank {
            throw refusal("SoftMax", [x], "axis \(axis) must be an axis of the input", name: name)
        }
        return append(
            "SoftMax", opset: 8, name: name, attributes: [.init("axis", "\(axis)")], inputs: [x], elementType: x.elementType,
            shape: x.shape)
    }
}

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
