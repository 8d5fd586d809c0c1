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

/// The pattern Interpolate → [FakeQuantize] → Convolution → [Add] with a 3×3 kernel.
struct UpsampledConvolution {
    /// The picture before upsampling.
    var x: Value
    /// Indices of the nodes.
    var rounding: Int?
    var convolution: Int
    /// The node whose result the four parts replace: the addition of the bias, or else the convolution.
    var last: Int
    var bias: Value?
    let ranges: [Value]

    /// The values that the pattern reads, except the weights.
    var reads: [Value] { [x] + ranges + (bias.map { [$0] } ?? []) }
}

extension Graph {
    /// The patterns of the graph, in its order.
    /// - Parameter doublesSizes: as in `subPixelUpsampling`.
    func upsampledConvolutions(_ index: GraphIndex, doublesSizes: Bool) -> [UpsampledConvolution] {
        nodes.indices.filter { nodes[$0].type == "Interpolate" && repeatsPixels($0, doublesSizes) }
            .flatMap { patterns($0, index) }
    }

    /// One pattern per convolution of an upsampled picture. The upsampled picture stays for its other readers.
    private func patterns(_ interpolation: Int, _ index: GraphIndex) -> [UpsampledConvolution] {
        (index.uses[value(interpolation)] ?? []).flatMap { reader -> [UpsampledConvolution] in
            guard reader.port == 0 else { return [] }
            guard nodes[reader.node].type == "FakeQuantize" else {
                return [pattern(interpolation, rounding: nil, reader.node, index)].compactMap(\.self)
            }
            return (index.uses[value(reader.node)] ?? []).compactMap { use in
                use.port == 0 ? pattern(interpolation, rounding: reader.node, use.node, index) : nil
            }
        }
    }

    private func pattern(
        _ interpolation: Int, rounding: Int?, _ convolution: Int, _ index: GraphIndex
    ) -> UpsampledConvolution? {
        guard isPlain3x3(nodes[convolution]), index.isConstant[nodes[convolution].inputs[1].node],
            let outputs = nodes[convolution].inputs[1].shape.fixed?[0]
        else { return nil }
        let ranges = rounding.map { Array(nodes[$0].inputs.dropFirst()) } ?? []
        // One range for the tensor, or one for each channel.
        let areOfChannels = ranges.allSatisfy { range in
            guard index.isConstant[range.node], let shape = range.shape.fixed, shape.rank <= 4 else { return false }
            return shape.suffix(2).allSatisfy { $0 == 1 }
        }
        guard areOfChannels else { return nil }
        var found = UpsampledConvolution(
            x: nodes[interpolation].inputs[0], rounding: rounding, convolution: convolution, last: convolution, ranges: ranges)
        if let next = index.onlyUse(of: value(convolution)), nodes[next.node].type == "Add", nodes[next.node].inputs.count == 2 {
            let bias = nodes[next.node].inputs[1 - next.port]
            if index.isConstant[bias.node], bias.shape == [1, .fixed(outputs), 1, 1] {
                (found.last, found.bias) = (next.node, bias)
            }
        }
        return found
    }

    /// Whether an interpolation repeats each pixel to 2×2.
    private func repeatsPixels(_ index: Int, _ doublesSizes: Bool) -> Bool {
        let node = nodes[index]
        // Before opset 11 sizes and scales are inputs of their own.
        let isOld = node.opset == "opset4"
        guard isOld || node.opset == "opset11", node.inputs.count == (isOld ? 4 : 3), node[attribute: "mode"] == "nearest",
            node[attribute: "coordinate_transformation_mode"] == "asymmetric", node[attribute: "nearest_mode"] == "floor",
            !node.flag("antialias"),
            ["pads_begin", "pads_end"].allSatisfy({ node.integers($0)?.allSatisfy { $0 == 0 } ?? true }),
            node.inputs[0].elementType == .f32, node.inputs[0].shape.rank == 4,
            constantIntegers(node.inputs[isOld ? 3 : 2]) == [2, 3],
            let input = node.inputs[0].shape.dimensions, let output = node.outputs[0].shape.dimensions, output.count == 4
        else { return false }
        func isTwice(_ sizes: [Dimension]) -> Bool {
            zip(input[2...], sizes).allSatisfy { size, larger in size.fixedValue != nil && larger == size * 2 }
        }
        switch node[attribute: "shape_calculation_mode"] {
        case "scales": return constantFloats(node.inputs[isOld ? 2 : 1]) == [2, 2]
        case "sizes":
            if let sizes = constantIntegers(node.inputs[1]) { return sizes.count == 2 && isTwice(sizes.map(Dimension.fixed)) }
            guard isMadeOfShapes(node.inputs[1]) else { return false }
            if isTwice(Array(output[2...])) { return true }
            // Known axes may contradict.
            return doublesSizes && zip(input[2...], output[2...]).allSatisfy { ($0 * 2).isCompatible(with: $1) }
        default: return false
        }
    }

    /// Whether a value depends on the model's inputs only through tensor shapes.
    private func isMadeOfShapes(_ value: Value) -> Bool {
        var open = [value.node]
        var seen: Set<Int> = []
        while let index = open.popLast() {
            guard seen.insert(index).inserted, nodes[index].type != "ShapeOf" else { continue }
            if nodes[index].inputs.isEmpty, nodes[index].type != "Const" { return false }
            open += nodes[index].inputs.map(\.node)
        }
        return true
    }

    /// Whether a node is a convolution with weights `[O, C, 3, 3]` and one output pixel per input pixel.
    private func isPlain3x3(_ node: Node) -> Bool {
        guard node.type == "Convolution", node.inputs.count == 2, let weights = node.inputs[1].shape.fixed, weights.rank == 4
        else { return false }
        return weights[2] == 3 && weights[3] == 3 && node.inputs[1].elementType == .f32
            && ["explicit", nil].contains(node[attribute: "auto_pad"])
            && ["strides", "dilations", "pads_begin", "pads_end"].allSatisfy { node.integers($0) == [1, 1] }
    }
}
