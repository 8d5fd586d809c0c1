import ModelGraph
import TensorStore

extension Graph {
    /// torch's `max_pool2d` with a window of 3×3: x `[B, C, H, W]` (MaxPool, opset1).
    mutating func maxPool3x3(_ x: Value, stride: Int, padding: Int, name: String) -> Value {
        pool("MaxPool", x, stride: stride, padding: padding, attributes: [], name: name)
    }

    /// torch's `avg_pool2d` with a window of 3×3, stride 1 and padding 1 that counts for nothing (AvgPool, opset1).
    mutating func averagePool3x3(_ x: Value, name: String) -> Value {
        pool("AvgPool", x, stride: 1, padding: 1, attributes: [.init("exclude-pad", "true")], name: name)
    }

    private mutating func pool(
        _ type: String, _ x: Value, stride: Int, padding: Int, attributes: [Node.Attribute], name: String
    ) -> Value {
        var shape = x.shape.dimensions
        for axis in 2...3 {
            guard let size = shape?[axis].fixedValue else {
                shape?[axis] = .any
                continue
            }
            shape?[axis] = .fixed((size + 2 * padding - 3) / stride + 1)
        }
        var node = Node(name: name, type: type, opset: "opset1", inputs: [x])
        node.attributes =
            [
                .init("kernel", "3, 3"), .init("strides", "\(stride), \(stride)"),
                .init("pads_begin", "\(padding), \(padding)"), .init("pads_end", "\(padding), \(padding)"),
                .init("rounding_type", "floor"), .init("auto_pad", "explicit"),
            ] + attributes
        node.outputs = [.init(elementType: x.elementType, shape: PartialShape(shape))]
        let index = append(node)
        return value(index)
    }

    /// The mean over height and width: x `[B, C, H, W]` to `[B, C]` (ReduceMean, opset1).
    mutating func spatialMean(_ x: Value, name: String) -> Value {
        let axes = integers([2, 3])
        var node = Node(name: name, type: "ReduceMean", opset: "opset1", inputs: [x, axes])
        node.attributes = [.init("keep_dims", "false")]
        node.outputs = [.init(elementType: x.elementType, shape: PartialShape(x.shape.dimensions.map { Array($0[0..<2]) }))]
        let index = append(node)
        return value(index)
    }

    /// torch's `interpolate(mode="bilinear", align_corners=False)` to a fixed size, without antialiasing: x `[B, C, H, W]`
    /// (Interpolate, opset11).
    mutating func resizeBilinear(_ x: Value, height: Int, width: Int, name: String) -> Value {
        let sizes = integers([height, width])
        let axes = integers([2, 3])
        var node = Node(name: name, type: "Interpolate", opset: "opset11", inputs: [x, sizes, axes])
        node.attributes = [
            .init("mode", "linear_onnx"), .init("shape_calculation_mode", "sizes"),
            .init("coordinate_transformation_mode", "half_pixel"), .init("nearest_mode", "round_prefer_floor"),
            .init("antialias", "false"), .init("pads_begin", "0, 0, 0, 0"), .init("pads_end", "0, 0, 0, 0"),
            .init("cube_coeff", "-0.75"),
        ]
        let shape = x.shape.dimensions.map { Array($0[0..<2]) + [.fixed(height), .fixed(width)] }
        node.outputs = [.init(elementType: x.elementType, shape: PartialShape(shape))]
        let index = append(node)
        return value(index)
    }
}
