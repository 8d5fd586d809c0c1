import ModelGraph
import TensorStore

extension Graph {
    /// Weights with up × down added, which the runtime computes once, when it compiles.
    func merging(_ adaptations: [Adaptation], in network: AdaptedNetwork) throws -> Graph {
        // Of four convolutions with one kernel, the first found stands for all.
        var changes: [Use: Adaptation] = [:]
        for adaptation in adaptations where adaptation.layers.contains(where: { $0.scale != 0 }) {
            guard let use = adaptation.site.weights else {
                throw LoRAError.integerWeights(module: adaptation.path, network: network)
            }
            changes[use] = adaptation
        }
        let readers = uses
        // Sums are no longer small constants that are worth keeping small: the conversion must not be kept for the step.
        let isDropped = nodes.indices.map { index in
            nodes[index].type == "Convert" && !readers[value(index), default: []].isEmpty
                && readers[value(index), default: []].allSatisfy { changes[$0] != nil }
        }
        var copy = Graph(name: name)
        copy.runtimeInfo = runtimeInfo
        var places: [Int: Int] = [:]
        for (index, original) in nodes.enumerated() where !isDropped[index] {
            var node = original
            for (port, input) in original.inputs.enumerated() {
                let adaptation = changes[Use(node: index, port: port)]
                var source = input
                if isDropped[input.node] { source = nodes[input.node].inputs[0] }
                guard let place = places[source.node] else {
                    throw GraphError.structure(
                        node: original.name, reason: "it reads '\(nodes[source.node].name)', which comes after it")
                }
                node.inputs[port] = copy.value(place, port: source.port)
                guard let adaptation else { continue }
                if isDropped[input.node] {
                    node.inputs[port] = copy.convert(node.inputs[port], to: input.elementType, name: nodes[input.node].name)
                }
                node.inputs[port] = try copy.merged(node.inputs[port], adaptation)
            }
            places[index] = copy.append(node)
        }
        return copy
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
