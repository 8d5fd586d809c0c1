import ModelGraph
import TensorStore

extension NetworkBuilder {
    /// Doubles height and width by repeating pixels, or resizes to the size of `model`, and convolves with a 3×3 kernel: x `[B,
    /// C, H, W]` to `[B, C, 2H, 2W]`; diffusers' `Upsample2D`.
    mutating func upsample(
        _ x: Value, like model: Value? = nil, _ path: String, _ channels: Int
    ) throws -> Value {
        let name = "\(path)/Interpolate"
        let larger: Value
        if let model {
            larger = try graph.resizeNearest(x, like: model, name: name)
        } else {
            larger = try graph.upsampleNearest(x, by: 2, name: name)
        }
        return try convolution(larger, "\(path).conv", channels, channels)
    }
}
