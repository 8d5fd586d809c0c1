import TensorStore

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
