import ModelGraph
import TensorStore

extension NetworkBuilder {
    /// Twice the height and width by repeating pixels, then a 3×3 convolution, or the size that `model` has: x `[B, C, H, W]`;
    /// diffusers' `Upsample2D`.
    mutating func upsample(_ x: Value, like model: Value? = nil, _ path: String, _ channels: Int) throws -> Value {
        guard let model else { return try upsampledConvolution(x, "\(path).conv", channels) }
        let larger = try graph.resizeNearest(x, like: model, name: "\(path)/Interpolate")
        return try convolution(larger, "\(path).conv", channels, channels)
    }

    /// A 3×3 convolution of x `[B, C, H, W]` with every pixel repeated to 2×2: `[B, C, 2H, 2W]`.
    mutating func upsampledConvolution(_ x: Value, _ path: String, _ channels: Int, bias: Bool = true) throws -> Value {
        let kernel = try weight("\(path).weight", [channels, channels, 3, 3])
        let terms = bias ? try channelwise(weight("\(path).bias", [channels]), channels) : nil
        return try graph.upsampledConvolution(x, kernel, bias: terms, name: path)
    }
}
