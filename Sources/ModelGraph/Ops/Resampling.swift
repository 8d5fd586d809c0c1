import TensorStore

extension Graph {
    /// The greatest element of each square window: x `[B, C, H, W]` to `[B, C, H', W']`, torch's `max_pool2d` (MaxPool, opset1).
    /// - Parameters:
    ///   - window: height and width of a window.
    ///   - stride: elements from one window to the next, along height and width.
    ///   - padding: rows and columns added at each side, less than `window`. Padded elements are never the greatest.
    public mutating func maxPool(_ x: Value, window: Int, stride: Int, padding: Int = 0, name: String? = nil) throws(GraphError)
        -> Value
    {
        try pool("MaxPool", x, window, stride, padding, [], name)
    }

    /// The mean of each square window, torch's `avg_pool2d(count_include_pad=False)` (AvgPool, opset1). The parameters are those
    /// of `maxPool`; padding is not counted.
    public mutating func averagePool(_ x: Value, window: Int, stride: Int, padding: Int = 0, name: String? = nil)
        throws(GraphError) -> Value
    {
        try pool("AvgPool", x, window, stride, padding, [.init("exclude-pad", "true")], name)
    }

    private mutating func pool(
        _ type: String, _ x: Value, _ window: Int, _ stride: Int, _ padding: Int, _ attributes: [Node.Attribute], _ name: String?
    ) throws(GraphError) -> Value {
        guard x.elementType.isFloatingPoint else { throw refusal(type, [x], "the operand must be floating point", name: name) }
        guard var shape = x.shape.dimensions, shape.count == 4 else {
            throw refusal(type, [x], "the input must be [B, C, H, W]", name: name)
        }
        guard window > 0, stride > 0, (0..<window).contains(padding) else {
            throw refusal(
                type, [x],
                "window \(window) and stride \(stride) must be positive, padding \(padding) from 0 to less than the window",
                name: name)
        }
        for axis in 2...3 {
            guard let size = (shape[axis] + .fixed(padding) + .fixed(padding)).fixedValue else {
                shape[axis] = .any
                continue
            }
            guard size >= window else { throw refusal(type, [x], "the window must fit into the padded input", name: name) }
            shape[axis] = .fixed((size - window) / stride + 1)
        }
        return append(
            type, name: name,
            attributes: [
                .init("kernel", "\(window), \(window)"), .init("strides", "\(stride), \(stride)"),
                .init("pads_begin", "\(padding), \(padding)"), .init("pads_end", "\(padding), \(padding)"),
                .init("rounding_type", "floor"), .init("auto_pad", "explicit"),
            ] + attributes,
            inputs: [x], elementType: x.elementType, shape: PartialShape(shape))
    }
}

extension Graph {
    /// Resizes height and width of x `[B, C, H, W]` to a fixed size, as torch's `interpolate(mode="bilinear",
    /// align_corners=False)` without antialiasing (Interpolate, opset11).
    public mutating func resizeBilinear(_ x: Value, height: Int, width: Int, name: String? = nil) throws(GraphError) -> Value {
        guard x.elementType.isFloatingPoint else {
            throw refusal("Interpolate", [x], "the operand must be floating point", name: name)
        }
        guard let input = x.shape.dimensions, input.count == 4 else {
            throw refusal("Interpolate", [x], "the input must be [B, C, H, W]", name: name)
        }
        guard height > 0, width > 0 else {
            throw refusal("Interpolate", [x], "the size (\(height)×\(width)) must be positive", name: name)
        }
        let (sizes, axes) = (integers([height, width]), integers([2, 3]))
        return append(
            "Interpolate", opset: 11, name: name,
            attributes: [
                .init("mode", "linear_onnx"), .init("shape_calculation_mode", "sizes"),
                .init("coordinate_transformation_mode", "half_pixel"), .init("nearest_mode", "round_prefer_floor"),
                .init("antialias", "false"), .init("pads_begin", "0, 0, 0, 0"), .init("pads_end", "0, 0, 0, 0"),
                .init("cube_coeff", "-0.75"),
            ],
            inputs: [x, sizes, axes], elementType: x.elementType,
            shape: PartialShape([input[0], input[1], .fixed(height), .fixed(width)]))
    }
}
