public import TensorStore

extension Graph {
    /// The graph with group normalizations of pictures computed from each channel's mean and norm, as a factor and a term for
    /// each channel.
    ///
    /// The picture keeps its memory layout. The runtime's own operation converts the layout and back, above all in networks with
    /// INT8. Only f32 is supported. The variance is a difference of means, exact to rounding unless a group's mean is hundreds of
    /// times its deviation; 16 bits would not be enough.
    ///
    /// The smallest pictures are skipped: their many small operations take longer to compile than they save in a few steps.
    /// - Parameter shapes: shapes of the inputs that are dynamic in the graph.
    public func groupNormalizationByMoments(
        _ shapes: [String: PartialShape] = [:], minimumPixels: Int = 256
    ) throws(GraphError) -> Graph {
        guard nodes.contains(where: { $0.type == "GroupNormalization" }) else { return self }
        var known: [Int: Value] = [:]
        let pixels = pixelCounts(shapes)
        let result = try rewritten { (graph, use, value) throws(GraphError) in
            let source = nodes[use.node].inputs[use.port].node
            guard nodes[source].type == "GroupNormalization", pixels[source] >= minimumPixels else { return value }
            if let done = known[source] { return done }
            guard let computed = try graph.normalized(graph.nodes[value.node]) else { return value }
            graph.nodes[computed.node].outputs[0].names = graph.nodes[value.node].outputs[0].names
            known[source] = computed
            return computed
        }
        return try result.withoutUnread()
    }

    /// The result of a group normalization; nil unless its input is a picture `[B, C, H, W]` in f32.
    private mutating func normalized(_ node: Node) throws(GraphError) -> Value? {
        let (x, scale, bias) = (node.inputs[0], node.inputs[1], node.inputs[2])
        guard x.elementType == .f32, let dimensions = x.shape.dimensions, dimensions.count == 4,
            let channels = dimensions[1].fixedValue, let groups = node.integer("num_groups"), groups > 0,
            channels % groups == 0, let epsilon = node.float("epsilon")
        else { return nil }
        let (name, size) = (node.name, channels / groups)
        // [B, C]: with kept axes, the result would have the picture's memory layout and need a conversion.
        let channelMean = try reduce(.mean, x, axes: [2, 3], name: "\(name)/ReduceMean")
        let channelNorm = try reduce(.l2, x, axes: [2, 3], name: "\(name)/ReduceL2")
        let grouped = [0, groups, size]
        // Both are [B, G, 1]. The norm is a norm of norms, so that the runtime compiles no operation between the reductions.
        let mean = try reduce(.mean, reshape(channelMean, to: grouped), axes: [2], keepsAxes: true, name: "\(name)/Mean")
        let norm = try reduce(.l2, reshape(channelNorm, to: grouped), axes: [2], keepsAxes: true, name: "\(name)/Norm")
        let count = try multiply(pixels(of: x), by: Float(size))
        let square = try binary(.divide, multiply(norm, norm), count)
        let variance = try binary(.maximum, binary(.subtract, square, multiply(mean, mean)), scalar(0))
        let deviation = try unary(.sqrt, add(variance, epsilon), name: "\(name)/Sqrt")

        let factor = try binary(.divide, reshape(scale, to: [1, groups, size]), deviation) // [B, G, C/G]
        let term = try binary(.subtract, reshape(bias, to: [1, groups, size]), multiply(factor, mean))
        let scaled = try multiply(x, reshape(factor, to: [0, channels, 1, 1]), name: "\(name)/Multiply")
        return try add(scaled, reshape(term, to: [0, channels, 1, 1]), name: "\(name)/Add")
    }

    /// The number of pixels of a picture `[B, C, H, W]`, in f32.
    private mutating func pixels(of x: Value) throws(GraphError) -> Value {
        if let height = x.shape.dimensions?[2].fixedValue, let width = x.shape.dimensions?[3].fixedValue {
            return scalar(Float(height) * Float(width))
        }
        let sizes = try gather(shapeOf(x), integers([2, 3]))
        return convert(try reduce(.product, sizes), to: .f32)
    }
}
