import ModelGraph
import TensorStore

extension Graph {
    /// The graph with up × down added to its weights. The runtime computes the sums once, when it compiles.
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
        var rewriter = GraphRewriter(self)
        for index in nodes.indices {
            if isDropped[index] {
                rewriter.replace(value(index), with: try rewriter.moved(nodes[index].inputs[0], reader: index))
                continue
            }
            try rewriter.copy(
                index,
                input: { (copy, use, value) throws(GraphError) in
                    guard let adaptation = changes[use] else { return value }
                    let source = nodes[use.node].inputs[use.port]
                    let weights =
                        isDropped[source.node]
                        ? copy.convert(value, to: source.elementType, name: nodes[source.node].name) : value
                    return try copy.merged(weights, adaptation)
                })
        }
        return rewriter.result
    }

    /// The weights with all LoRAs added, one after the other.
    private mutating func merged(_ weights: Value, _ adaptation: Adaptation) throws(GraphError) -> Value {
        let (site, name, type) = (adaptation.site, adaptation.name, weights.elementType)
        let isTransposed = site.kind == .linear(isTransposed: true)
        var sum = weights
        for placed in adaptation.layers where placed.scale != 0 {
            let up = try up(placed, site, scale: placed.scale, type: type, name: name)
            let down = try down(placed, type: type, name: name)
            var difference =
                isTransposed
                ? try matMul(down, up, transposeA: true, transposeB: true, name: "\(name).\(placed.item)/MatMul")
                : try matMul(up, down, name: "\(name).\(placed.item)/MatMul")
            if site.shape.rank == 4 { difference = try reshape(difference, to: site.shape.dimensions) }
            sum = try add(sum, difference, name: "\(name).\(placed.item)/Add")
            guard let magnitude = placed.layer.magnitude else { continue }
            // DoRA (Liu et al. 2024, https://arxiv.org/abs/2402.09353): each output's weights get a length of their own.
            let lengths = lora(
                magnitude, [placed.layer.outputs], rows: site.rows, type: type, name: "\(name).\(placed.item)/magnitude")
            let axes = isTransposed ? [0] : Array(1..<site.shape.rank)
            let norm = try reduce(.l2, sum, axes: axes, keepsAxes: true, name: "\(name).\(placed.item)/Norm")
            let shape = isTransposed ? [1, site.shape[0]] : [site.shape[0]] + axes.map { _ in 1 }
            let factor = try binary(.divide, reshape(lengths, to: shape), norm)
            sum = try multiply(sum, factor, name: "\(name).\(placed.item)/Multiply")
        }
        return sum
    }
}
