import ModelGraph
import TensorStore

extension Graph {
    /// The graph with scale · up(down(x)) added to the modules' results, and with an input for the scale of each LoRA.
    func adding(_ adaptations: [Adaptation]) throws -> Graph {
        for placed in adaptations.flatMap(\.layers) { _ = try placed.product() }
        for adaptation in adaptations { try adaptation.site.checkSmoothing(self) }
        let additions = Dictionary(grouping: adaptations, by: \.site.output.node)
        var rewriter = GraphRewriter(self)
        // Inputs keep their order; the new ones are the last.
        for index in nodes.indices where nodes[index].type == "Parameter" { try rewriter.copy(index) }
        var scales = LoRAScales(items: Set(adaptations.flatMap { $0.layers.map(\.item) }), &rewriter.result)

        var hidden: [HiddenKey: Value] = [:]
        for index in nodes.indices where !rewriter.isCopied(index) {
            let added = additions[index] ?? []
            // The sum has the tensor's names.
            let place = try rewriter.copy(index, change: { if !added.isEmpty { $0.outputs[0].names = [] } })
            guard let first = added.first else { continue }
            var sum = rewriter.result.value(place)
            for adaptation in added {
                let key = HiddenKey(
                    path: adaptation.path, input: adaptation.site.input, factors: adaptation.site.smoothing.inputs)
                let down: Value
                if let known = hidden[key] {
                    down = known
                } else {
                    let x = try rewriter.moved(adaptation.site.input, reader: index)
                    down = try rewriter.result.scaledDown(x, adaptation, nodes[adaptation.site.operation], &scales)
                    hidden[key] = down
                }
                let product = try rewriter.result.up(down, adaptation)
                sum = rewriter.result.sum(sum, product, adaptation.name, names: nodes[index].outputs[0].names)
            }
            rewriter.replace(first.site.output, with: sum)
        }
        return rewriter.result
    }

    /// Places of one module that read the same value share the result of `down`.
    private struct HiddenKey: Hashable {
        let path: String
        let input: Value
        let factors: [Float]?
    }

    /// down(x) of all LoRAs, concatenated on the channel axis, each multiplied by its scale.
    private mutating func scaledDown(
        _ x: Value, _ adaptation: Adaptation, _ operation: Node, _ scales: inout LoRAScales
    ) throws -> Value {
        let (site, type, name) = (adaptation.site, x.elementType, "\(adaptation.path)/lora")
        var parts: [Value] = []
        var ranks: [LoRAScales.Part] = []
        for placed in adaptation.layers {
            let product = try placed.product()
            parts.append(try product.down(in: &self, type: type, name: "\(name).\(placed.item)"))
            ranks.append(LoRAScales.Part(item: placed.item, rank: product.innerRank))
        }
        var down = parts.count == 1 ? parts[0] : try concatenate(parts, axis: 0, name: "\(name)/down")
        if let factors = site.smoothing.inputs {
            let size = site.shape.dropFirst(2).reduce(1, *)
            let columns = factors.flatMap { repeatElement($0, count: size) }
            let row = constant(columns, shape: [1, columns.count])
            down = try multiply(down, converted(row, to: type))
        }
        let scale = try scales.vector(ranks, type: type, &self)
        if case .linear = site.kind {
            return try multiply(matMul(x, down, transposeB: true, name: "\(name)/MatMulDown"), scale, name: "\(name)/Multiply")
        }
        let rank = ranks.reduce(0) { $0 + $1.rank }
        let kernel = try reshape(down, to: [rank] + site.shape.dimensions.dropFirst())
        let hidden = try convolution(x, kernel, like: operation, channels: rank, name: "\(name)/ConvolutionDown")
        return try multiply(hidden, reshape(scale, to: [1, -1, 1, 1]), name: "\(name)/Multiply")
    }

    /// A convolution with the strides and padding of another, whose result has the same height and width.
    private mutating func convolution(
        _ x: Value, _ kernel: Value, like operation: Node, channels: Int, name: String
    ) throws(GraphError) -> Value {
        var node = operation
        node.name = name
        node.runtimeInfo = []
        node.inputs = [x, kernel]
        node.inputInfo = [:]
        node.layerAttributes = []
        var shape = operation.outputs[0].shape
        if shape.rank == 4 { shape.dimensions?[1] = .fixed(channels) } else { shape = [.any, .fixed(channels), .any, .any] }
        node.outputs = [Node.Output(elementType: x.elementType, shape: shape)]
        let index = append(node)
        return value(index)
    }

    /// `up` of the result of `scaledDown`.
    private mutating func up(_ hidden: Value, _ adaptation: Adaptation) throws -> Value {
        let (site, name) = (adaptation.site, adaptation.name)
        var parts: [Value] = []
        for placed in adaptation.layers {
            let (product, name) = (try placed.product(), "\(name).\(placed.item)")
            let up = lora(
                product.up, [product.outputs, product.innerRank], rows: site.rows, type: hidden.elementType, name: "\(name)/up")
            parts.append(try scaled(up, placed, site, scale: 1, name: name))
        }
        let up = parts.count == 1 ? parts[0] : try concatenate(parts, axis: 1, name: "\(name)/up")
        if case .linear = site.kind { return try matMul(hidden, up, transposeB: true, name: "\(name)/MatMulUp") }
        let kernel = try unsqueeze(up, [2, 3])
        return try convolution(hidden, kernel, name: "\(name)/ConvolutionUp")
    }

    /// The sum; its tensor gets `names`.
    private mutating func sum(_ a: Value, _ b: Value, _ name: String, names: [String]) -> Value {
        var node = Node(name: "\(name)/Add", type: "Add", opset: "opset1", attributes: [.init("auto_broadcast", "numpy")])
        node.inputs = [a, b]
        node.outputs = [Node.Output(elementType: a.elementType, shape: a.shape, names: names)]
        let index = append(node)
        return value(index)
    }
}

extension PlacedLayer {
    /// The layer's matrices.
    /// - Throws: `LoRAError.notAtRunTime` for a layer that is not simply their product.
    fileprivate func product() throws(LoRAError) -> LowRankProduct {
        if let magnitude = layer.magnitude { throw .notAtRunTime(kind: "a DoRA", key: magnitude.entry.name, file: file) }
        guard let product = layer.difference as? LowRankProduct else {
            let kind = layer.difference is HadamardProduct ? "a LoHa" : "a LoKr"
            throw .notAtRunTime(kind: kind, key: layer.keys[0], file: file)
        }
        return product
    }
}

/// The inputs of a graph that scale LoRAs, and the values computed from them.
struct LoRAScales {
    struct Part: Hashable {
        let item: Int
        let rank: Int
    }

    private var inputs: [Int: Value] = [:]
    private var vectors: [[Part]: Value] = [:]

    /// Adds an input for each LoRA.
    init(items: Set<Int>, _ graph: inout Graph) {
        for item in items.sorted() { inputs[item] = graph.parameter(LoRASet.scaleInput(item), .f32, [1]) }
    }

    /// The scales of LoRAs, each repeated `rank` times; `[1]` for a single LoRA.
    mutating func vector(_ parts: [Part], type: ElementType, _ graph: inout Graph) throws(GraphError) -> Value {
        if let known = vectors[parts], known.elementType == type { return known }
        var values: [Value] = []
        for part in parts {
            guard let scale = inputs[part.item] else { preconditionFailure("LoRA \(part.item) has no input") }
            if parts.count == 1 {
                values.append(scale)
            } else {
                let ones = graph.constant([Float](repeating: 1, count: part.rank), shape: [part.rank])
                values.append(try graph.multiply(ones, scale))
            }
        }
        let joined = parts.count == 1 ? values[0] : try graph.concatenate(values, axis: 0)
        let vector = type == .f32 ? joined : graph.convert(joined, to: type)
        vectors[parts] = vector
        return vector
    }
}
