import ModelGraph
import TensorStore

/// Parameters that all residual blocks of a network share; diffusers' `ResnetBlock2D`.
struct ResnetStyle {
    let groups: Int
    let epsilon: Double
    let activation: Activation
    /// Width of the time embedding; nil where the network has none.
    var timeChannels: Int?
    /// Whether the time embedding scales and shifts the output of the second normalization, instead of being added before it.
    var scaleShift = false
    /// The divisor of the sum of block and shortcut.
    var outputScale: Float = 1
}

extension NetworkBuilder {
    /// Residual block: x `[B, inputs, H, W]`, time `[B, timeChannels]` after its activation, to `[B, outputs, H, W]`.
    mutating func resnet(_ x: Value, time: Value?, _ path: String, _ inputs: Int, _ outputs: Int, _ style: ResnetStyle) throws
        -> Value
    {
        var hidden = try groupNorm(x, "\(path).norm1", inputs, groups: style.groups, epsilon: style.epsilon)
        hidden = try activation(hidden, style.activation, "\(path).norm1")
        hidden = try convolution(hidden, "\(path).conv1", inputs, outputs)

        var scaleAndShift: (scale: Value, shift: Value)?
        if let time, let timeChannels = style.timeChannels {
            let width = style.scaleShift ? 2 * outputs : outputs
            func projected(_ rows: Range<Int>, _ builder: inout NetworkBuilder) throws -> Value {
                let vector = try builder.linear(
                    time, "\(path).time_emb_proj", timeChannels, width, rows: rows.count == width ? nil : rows)
                return try builder.graph.reshape(vector, to: [0, outputs, 1, 1], name: "\(path).time_emb_proj/Reshape")
            }
            if style.scaleShift {
                scaleAndShift = try (projected(0..<outputs, &self), projected(outputs..<width, &self))
            } else {
                hidden = try graph.add(hidden, projected(0..<width, &self), name: "\(path)/AddTime")
            }
        }

        hidden = try groupNorm(hidden, "\(path).norm2", outputs, groups: style.groups, epsilon: style.epsilon)
        if let (scale, shift) = scaleAndShift {
            hidden = try graph.add(graph.multiply(hidden, graph.add(scale, 1)), shift, name: "\(path)/ScaleShift")
        }
        hidden = try activation(hidden, style.activation, "\(path).norm2")
        hidden = try convolution(hidden, "\(path).conv2", outputs, outputs)

        let shortcut = inputs == outputs ? x : try convolution(x, "\(path).conv_shortcut", inputs, outputs, kernel: 1)
        let sum = try graph.add(shortcut, hidden, name: "\(path)/AddShortcut")
        return style.outputScale == 1 ? sum : try graph.multiply(sum, by: 1 / style.outputScale)
    }

    /// Halves height and width: x `[B, C, H, W]`; diffusers' `Downsample2D`.
    ///
    /// Without padding, one row at the bottom and one column at the right are added, as in the reference.
    mutating func downsample(_ x: Value, _ path: String, _ channels: Int, padding: Int) throws -> Value {
        try convolution(
            x, "\(path).conv", channels, channels, stride: 2, padding: padding, paddingEnd: padding == 0 ? 1 : padding)
    }
}
