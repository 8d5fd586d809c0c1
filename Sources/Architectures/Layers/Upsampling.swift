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
    ///
    /// Each output pixel sees only 2×2 different pixels of x. So the convolution is computed as four of 2×2 on x itself, one for
    /// each place in a square of four outputs, whose kernels are sums of the 3×3 kernel's: 16 products in place of 36.
    mutating func upsampledConvolution(_ x: Value, _ path: String, _ channels: Int, bias: Bool = true) throws -> Value {
        let kernel = try graph.reshape(weight("\(path).weight", [channels, channels, 3, 3]), to: [channels * channels, 9])
        let terms = bias ? try channelwise(weight("\(path).bias", [channels]), channels) : nil
        var parts: [Value] = []
        for row in 0...1 {
            for column in 0...1 {
                let place = "\(path)[\(row),\(column)]"
                let sums = graph.constant(Self.kernelSums(row, column), shape: [9, 4], name: "\(place)/sums")
                let small = try graph.reshape(
                    graph.matMul(kernel, sums), to: [channels, channels, 2, 2], name: "\(place)/kernel")
                let part = try graph.convolution(
                    x, small, padding: [1 - row, 1 - column], paddingEnd: [row, column], name: "\(place)/Convolution")
                parts.append(try terms.map { try graph.add(part, $0, name: "\(place)/Add") } ?? part)
            }
        }
        let joined = try graph.concatenate(parts, axis: 1, name: "\(path)/Concat")
        return try graph.depthToSpace(joined, blockSize: 2, name: "\(path)/DepthToSpace")
    }

    /// Which elements of a 3×3 kernel add up to each element of the 2×2 kernel at a place: `[9, 4]` of ones and zeros.
    private static func kernelSums(_ row: Int, _ column: Int) -> [Float] {
        // Along one axis: an even output sees pixels −1, 0, 0 through the kernel's three elements, an odd one 0, 0, 1.
        func target(_ element: Int, _ parity: Int) -> Int { (element + parity + 1) / 2 - parity }
        var sums = [Float](repeating: 0, count: 36)
        for i in 0..<3 {
            for j in 0..<3 { sums[(3 * i + j) * 4 + 2 * target(i, row) + target(j, column)] = 1 }
        }
        return sums
    }
}
