import TensorStore

extension Graph {
    /// The graph with each 3×3 convolution after nearest-neighbour upsampling by 2 computed as four 2×2 convolutions of the
    /// original picture. The function is the same, with 16 products in place of 36.
    ///
    /// This pass is for compilation only: LoRA, quantization and IR work on the plain operations. A `FakeQuantize` between
    /// interpolation and convolution moves before the interpolation, and a bias that is added afterwards moves into the four
    /// parts. The runtime sums floating-point kernels when it compiles. INT8 codes are summed here if all sums are codes; other
    /// convolutions stay unchanged.
    ///
    /// - Parameter doublesSizes: whether an interpolation doubles the size if that size is computed from the shape of another
    ///   tensor and axes are dynamic in the graph. Known sizes and scales are checked.
    public func subPixelUpsampling(doublesSizes: Bool = true) throws(GraphError) -> Graph {
        guard nodes.contains(where: { $0.type == "Interpolate" }) else { return self }
        var rewrites: [Int: (UpsampledConvolution, SubPixelWeights)] = [:]
        let index = GraphIndex(self)
        for found in upsampledConvolutions(index, doublesSizes: doublesSizes) {
            if let weights = SubPixelWeights(self, found, index) { rewrites[found.last] = (found, weights) }
        }
        guard !rewrites.isEmpty else { return self }

        let isNeeded = neededNodes { index in
            rewrites[index].map { found, weights in found.reads + weights.reads } ?? nodes[index].inputs
        }
        var rewriter = GraphRewriter(self)
        // Convolutions of one rounded picture share the rounding.
        var roundings: [Int: Value] = [:]
        for index in nodes.indices where isNeeded[index] {
            guard let (found, weights) = rewrites[index] else {
                try rewriter.copy(index)
                continue
            }
            var x = try rewriter.moved(found.x, reader: index)
            if let rounding = found.rounding {
                if let known = roundings[rounding] { x = known } else { x = try rewriter.copyRounding(rounding, of: x) }
                roundings[rounding] = x
            }
            var bias: Value?
            if let value = found.bias { bias = try rewriter.moved(value, reader: index) }
            let name = nodes[found.convolution].name
            let result: Value
            switch weights {
            case .floats(let value):
                let kernel = try rewriter.moved(value, reader: index)
                result = try rewriter.result.upsampledConvolution(x, kernel, bias: bias, name: name)
            case .integers(let kernels, let scale):
                let scale = try rewriter.moved(scale, reader: index)
                result = try rewriter.result.upsampledConvolution(x, bias: bias, name: name) {
                    (graph, place, name) throws(GraphError) in
                    let codes = graph.constant(
                        .bytes(kernels.codes[2 * place.row + place.column]), .i8, kernels.shape, name: "\(name)/codes")
                    return try graph.multiply(
                        graph.convert(codes, to: .f32, name: "\(name)/convert"), scale, name: "\(name)/kernel")
                }
            }
            rewriter.replace(value(index), with: result, movesNames: true)
        }
        return rewriter.result
    }

    /// Names of the convolutions that `subPixelUpsampling` computes in four parts, where their weights allow it.
    public var upsampledConvolutions: [String] {
        upsampledConvolutions(GraphIndex(self), doublesSizes: true).map { nodes[$0.convolution].name }
    }
}

extension GraphRewriter {
    /// A copy of the `FakeQuantize` at `index` with `x` as its input.
    fileprivate mutating func copyRounding(_ index: Int, of x: Value) throws(GraphError) -> Value {
        var node = source.nodes[index]
        for port in node.inputs.indices.dropFirst() { node.inputs[port] = try moved(node.inputs[port], reader: index) }
        node.inputs[0] = x
        node.outputs[0] = Node.Output(elementType: x.elementType, shape: x.shape)
        let place = result.append(node)
        return result.value(place)
    }
}
