import ModelGraph
import TensorStore

extension NetworkBuilder {
    /// torch's `GroupNorm` with scale and bias: x `[B, channels, H, W]`.
    ///
    /// Computed from each channel's mean and mean square, which give a factor and a term for each channel: so the picture is read
    /// where it lies and never brought into another order of memory, as normalizing groups of it would ask for. The variance is
    /// a difference of means, which is exact to rounding unless a group's mean is hundreds of times its deviation.
    mutating func groupNorm(_ x: Value, _ path: String, _ channels: Int, groups: Int, epsilon: Double) throws -> Value {
        let scale = try weight("\(path).weight", [channels])
        let bias = try weight("\(path).bias", [channels])
        guard x.shape.rank == 4, channels % groups == 0 else {
            return try graph.groupNormalization(
                x, scale: scale, bias: bias, groups: groups, epsilon: epsilon, name: "\(path)/GroupNormalization")
        }
        let grouped = [0, groups, channels / groups]
        func ofGroups(_ moment: Value, _ name: String) throws -> Value { // [B, C, 1, 1] to [B, groups, 1]
            try graph.reduce(
                .mean, graph.reshape(moment, to: grouped), axes: [2], keepsAxes: true, name: "\(path)/\(name)")
        }
        let mean = try ofGroups(graph.reduce(.mean, x, axes: [2, 3], keepsAxes: true, name: "\(path)/ReduceMean"), "Mean")
        let norm = try graph.reduce(.l2, x, axes: [2, 3], keepsAxes: true, name: "\(path)/ReduceL2")
        let square = try ofGroups(graph.binary(.divide, graph.multiply(norm, norm), pixels(of: x)), "MeanSquare")
        let variance = try graph.binary(.maximum, graph.binary(.subtract, square, graph.multiply(mean, mean)), graph.scalar(0))
        let deviation = try graph.unary(.sqrt, graph.add(variance, Float(epsilon)), name: "\(path)/Sqrt")

        let factor = try graph.binary(.divide, graph.reshape(scale, to: [1, groups, channels / groups]), deviation)
        let term = try graph.binary(
            .subtract, graph.reshape(bias, to: [1, groups, channels / groups]), graph.multiply(factor, mean))
        let scaled = try graph.multiply(x, graph.reshape(factor, to: [0, channels, 1, 1]), name: "\(path)/Multiply")
        return try graph.add(scaled, graph.reshape(term, to: [0, channels, 1, 1]), name: "\(path)/Add")
    }

    /// How many pixels a picture `[B, C, H, W]` has, as a number in f32.
    private mutating func pixels(of x: Value) throws -> Value {
        if let height = x.shape.dimensions?[2].fixedValue, let width = x.shape.dimensions?[3].fixedValue {
            return graph.scalar(Float(height * width))
        }
        let sizes = try graph.gather(graph.shapeOf(x), graph.integers([2, 3]))
        return graph.convert(try graph.reduce(.product, sizes), to: .f32)
    }
}
