import TensorStore

extension Graph {
    /// The graph with 3×3 convolutions of pictures that nearest-neighbour interpolation has doubled computed as four of 2×2 on
    /// the pictures as they were, which is the same function: 16 products in place of 36.
    ///
    /// A rounding between interpolation and convolution moves before it, and a bias that is added afterwards into the four parts.
    /// Weights in floating point are added up when the runtime compiles; INT8 codes here and now, where all sums are codes, and
    /// else the convolution stays as it is.
    ///
    /// - Precondition: where the interpolation's sizes are computed in the graph, from the shape of another tensor, they are twice
    ///   those of its input. Sizes and scales that are constants are checked.
    public func subPixelUpsampling() throws(GraphError) -> Graph {
        var rewrites: [Int: (UpsampledConvolution, SubPixelWeights)] = [:]
        for found in upsampledConvolutionPatterns {
            if let weights = SubPixelWeights(self, found) { rewrites[found.last] = (found, weights) }
        }
        guard !rewrites.isEmpty else { return self }

        // What the interpolations and convolutions alone have read goes with them.
        var isRead = [Bool](repeating: false, count: nodes.count)
        for node in nodes { for input in node.inputs { isRead[input.node] = true } }
        var isKept = nodes.indices.map { nodes[$0].type == "Parameter" || !isRead[$0] }
        for index in nodes.indices.reversed() where isKept[index] {
            let reads = rewrites[index].map { $0.reads + $1.reads } ?? nodes[index].inputs
            for value in reads { isKept[value.node] = true }
        }

        var copy = Graph(name: name)
        copy.runtimeInfo = runtimeInfo
        var places = [Int?](repeating: nil, count: nodes.count)
        func moved(_ value: Value, reader: Int) throws(GraphError) -> Value {
            guard let place = places[value.node] else {
                throw .structure(node: nodes[reader].name, reason: "it reads '\(nodes[value.node].name)', which comes after it")
            }
            return copy.value(place, port: value.port)
        }
        for index in nodes.indices where isKept[index] {
            guard let (found, weights) = rewrites[index] else {
                var node = nodes[index]
                for port in node.inputs.indices { node.inputs[port] = try moved(node.inputs[port], reader: index) }
                places[index] = copy.append(node)
                continue
            }
            var x = try moved(found.x, reader: index)
            if let rounding = found.rounding {
                var node = nodes[rounding]
                for port in node.inputs.indices.dropFirst() { node.inputs[port] = try moved(node.inputs[port], reader: index) }
                node.inputs[0] = x
                node.outputs[0] = Node.Output(elementType: x.elementType, shape: x.shape)
                x = copy.appendValue(node)
            }
            var bias: Value?
            if let value = found.bias { bias = try moved(value, reader: index) }
            let name = nodes[found.convolution].name
            let result: Value
            switch weights {
            case .floats(let value):
                result = try copy.upsampledConvolution(x, moved(value, reader: index), bias: bias, name: name)
            case .integers(let kernels, let scale):
                let scale = try moved(scale, reader: index)
                result = try copy.upsampledConvolution(x, bias: bias, name: name) { (graph, place, name) throws(GraphError) in
                    let codes = graph.constant(
                        .bytes(kernels.codes[2 * place.row + place.column]), .i8, kernels.shape, name: "\(name)/codes")
                    return try graph.multiply(
                        graph.convert(codes, to: .f32, name: "\(name)/convert"), scale, name: "\(name)/kernel")
                }
            }
            copy.nodes[result.node].outputs[0].names = nodes[index].outputs[0].names
            places[index] = result.node
        }
        return copy
    }

    /// Names of the convolutions that `subPixelUpsampling` computes in four, where their weights allow it.
    public var upsampledConvolutions: [String] { upsampledConvolutionPatterns.map { nodes[$0.convolution].name } }
}
