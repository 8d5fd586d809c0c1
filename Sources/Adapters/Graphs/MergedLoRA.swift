import ModelGraph
import TensorStore

extension Graph {
    /// The graph with the differences added to its weights. The runtime computes the sums once, when it compiles.
    func merging(_ adaptations: [Adaptation], in network: AdaptedNetwork) throws -> Graph {
        var changes: [Use: Adaptation] = [:]
        for adaptation in adaptations where adaptation.layers.contains(where: { $0.scale != 0 }) {
            guard let use = adaptation.site.weights else {
                throw LoRAError.integerWeights(module: adaptation.path, network: network)
            }
            changes[use] = adaptation
        }
        let uses = GraphIndex(self).uses
        // A sum takes the place of the stored weights: with their Convert after it, the runtime would convert the sum at every
        // step.
        let isDropped = nodes.indices.map { index in
            guard nodes[index].type == "Convert", let readers = uses[value(index)] else { return false }
            return readers.allSatisfy { changes[$0] != nil }
        }
        let parts = changes.mapValues { change in change.needsWholeModule ? adaptations.parts(of: change) : [change] }
        var rewriter = GraphRewriter(self)
        // Weights of other parts are read before their turn comes.
        for use in parts.values.filter({ $0.count > 1 }).joined().compactMap(\.site.weights) {
            try rewriter.copyConstant(nodes[use.node].inputs[use.port], isDropped)
        }
        for index in nodes.indices where !rewriter.isCopied(index) {
            if isDropped[index] {
                if rewriter.existing(value(index)) == nil {
                    rewriter.replace(value(index), with: try rewriter.moved(nodes[index].inputs[0], reader: index))
                }
                continue
            }
            // The weights of all parts, values of the copy.
            var weights: [Use: Value] = [:]
            for port in nodes[index].inputs.indices {
                for use in (parts[Use(node: index, port: port)] ?? []).compactMap(\.site.weights) {
                    weights[use] = try rewriter.moved(nodes[use.node].inputs[use.port], reader: index)
                }
            }
            try rewriter.copy(
                index,
                input: { (copy, use, value) throws(GraphError) in
                    guard let parts = parts[use] else { return value }
                    var sums: [(weights: Value, adaptation: Adaptation)] = []
                    for part in parts {
                        guard let own = part.site.weights, let stored = weights[own] else { continue }
                        let source = nodes[own.node].inputs[own.port]
                        sums.append(
                            (
                                isDropped[source.node]
                                    ? copy.convert(stored, to: source.elementType, name: nodes[source.node].name) : stored, part
                            ))
                    }
                    return try copy.merged(sums)
                })
        }
        return rewriter.result
    }

    /// The weights of the first part with all LoRAs added, one after the other. The other parts are other rows of the same module.
    private mutating func merged(_ parts: [(weights: Value, adaptation: Adaptation)]) throws(GraphError) -> Value {
        var sums = parts.map(\.weights)
        for (index, placed) in parts[0].adaptation.layers.enumerated() where placed.scale != 0 {
            for (part, adaptation) in parts.map(\.adaptation).enumerated() {
                sums[part] = try added(to: sums[part], adaptation.layers[index], adaptation)
            }
            guard let magnitude = placed.layer.magnitude else { continue }
            let name = "\(parts[0].adaptation.name).\(placed.item)"
            switch magnitude.axis {
            case .outputs: sums[0] = try lengthened(sums[0], magnitude, placed, parts[0].adaptation.site, name: name)
            case .inputs: sums = try lengthened(sums, magnitude, parts.map(\.adaptation.site), name: name)
            }
        }
        return sums[0]
    }

    private mutating func added(to sum: Value, _ placed: PlacedLayer, _ adaptation: Adaptation) throws(GraphError) -> Value {
        let (site, name) = (adaptation.site, "\(adaptation.name).\(placed.item)")
        var matrix = try placed.layer.difference.matrix(in: &self, rows: site.rows, type: sum.elementType, name: name)
        matrix = try scaled(matrix, placed, site, scale: placed.scale, name: name)
        if site.isTransposed { matrix = try transpose(matrix, [1, 0], name: "\(name)/Transpose") }
        if site.shape.rank == 4 { matrix = try reshape(matrix, to: site.shape.dimensions) }
        return try add(sum, matrix, name: "\(name)/Add")
    }

    /// DoRA: the weights of each output get a length of their own.
    private mutating func lengthened(
        _ sum: Value, _ magnitude: LoRALayer.Magnitude, _ placed: PlacedLayer, _ site: AdaptedSite, name: String
    ) throws(GraphError) -> Value {
        let lengths = lora(
            magnitude.entry, [placed.layer.outputs], rows: site.rows, type: sum.elementType, name: "\(name)/magnitude")
        let axes = site.isTransposed ? [0] : Array(1..<site.shape.rank)
        let norm = try reduce(.l2, sum, axes: axes, keepsAxes: true, name: "\(name)/Norm")
        let shape = site.isTransposed ? [1, site.shape[0]] : [site.shape[0]] + axes.map { _ in 1 }
        return try multiply(sum, binary(.divide, reshape(lengths, to: shape), norm), name: "\(name)/Multiply")
    }

    /// LyCORIS' older DoRA: the weights of each input do, over all parts of the module.
    private mutating func lengthened(
        _ sums: [Value], _ magnitude: LoRALayer.Magnitude, _ sites: [AdaptedSite], name: String
    ) throws(GraphError) -> [Value] {
        let site = sites[0]
        let axes = site.isTransposed ? [1] : [0] + Array(2..<site.shape.rank)
        var squares: Value?
        for sum in sums {
            let square = try reduce(.sum, multiply(sum, sum), axes: axes, keepsAxes: true, name: "\(name)/Squares")
            squares = try squares.map { others throws(GraphError) in try add(others, square) } ?? square
        }
        guard let squares else { return sums }
        let lengths = lora(magnitude.entry, [site.shape[1]], type: squares.elementType, name: "\(name)/magnitude")
        let shape =
            site.isTransposed ? [site.shape[1], 1] : [1, site.shape[1]] + Array(repeating: 1, count: site.shape.rank - 2)
        let factor = try binary(.divide, reshape(lengths, to: shape), unary(.sqrt, squares, name: "\(name)/Norm"))
        var results: [Value] = []
        for sum in sums { results.append(try multiply(sum, factor, name: "\(name)/Multiply")) }
        return results
    }
}

extension Adaptation {
    /// Whether the change of one part of the module depends on its other parts.
    fileprivate var needsWholeModule: Bool {
        site.rows != nil && layers.contains { $0.layer.magnitude?.axis == .inputs }
    }
}

extension [Adaptation] {
    /// `change`, and the changes of the other parts of its module, each once.
    fileprivate func parts(of change: Adaptation) -> [Adaptation] {
        var rows = Set([change.site.rows])
        return [change] + filter { $0.path == change.path && $0.site.weights != nil && rows.insert($0.site.rows).inserted }
    }
}

extension GraphRewriter {
    /// Copies what computes constant weights, except the conversions that are dropped.
    fileprivate mutating func copyConstant(_ value: Value, _ isDropped: [Bool]) throws(GraphError) {
        guard existing(value) == nil else { return }
        for input in source.nodes[value.node].inputs { try copyConstant(input, isDropped) }
        if isDropped[value.node] {
            replace(value, with: try moved(source.nodes[value.node].inputs[0], reader: value.node))
        } else {
            try copy(value.node)
        }
    }
}
