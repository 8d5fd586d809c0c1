import ModelGraph
import TensorStore

/// Multiplies channels of values in a graph by changing constants of the operations that compute them. No operation is added.
///
/// The search goes back from a value through operations that keep channels apart, to a scale and shift by constants, or to a
/// product or convolution with these output channels. It fails if anything else reads a value that would change.
struct ScaleFolding {
    /// A constant that replaces another.
    struct Constant {
        let elements: [Float]
        let shape: Shape
    }

    /// The replacement constants, by the use that reads them.
    private(set) var constants: [Graph.Use: Constant] = [:]
    /// Factors of output channels, by the index of the weight constant.
    private(set) var outputs: [Int: [Float]] = [:]

    private let graph: Graph
    private let index: GraphIndex
    private var isConstant: [Bool] { index.isConstant }
    /// The weights of each operation that is their only user.
    private var weights: [Int: WeightSite] = [:]

    init(_ graph: Graph, _ sites: [WeightSite]) {
        self.graph = graph
        index = GraphIndex(graph)
        for site in sites where site.users.count == 1 { weights[site.users[0]] = site }
    }

    /// Multiplies `value`, or changes nothing.
    ///
    /// - Parameters:
    ///   - axes: the axes of the channels; the last one varies fastest.
    ///   - factors: one per channel.
    ///   - readers: the uses that will read the multiplied value.
    /// - Returns: whether the factors could be folded.
    mutating func multiply(_ value: Value, _ axes: [Int], by factors: [Float], for readers: Set<Graph.Use>) -> Bool {
        let before = self
        if fold(value, axes, factors, readers) { return true }
        self = before
        return false
    }

    private mutating func fold(_ value: Value, _ axes: [Int], _ factors: [Float], _ readers: Set<Graph.Use>) -> Bool {
        guard Set(index.readers(of: value)) == readers, value.elementType == .f32, let shape = value.shape.dimensions,
            product(shape, axes) == factors.count
        else { return false }
        let (place, node) = (value.node, graph.nodes[value.node])
        func through(_ port: Int, _ axes: [Int], _ factors: [Float]) -> Bool {
            fold(node.inputs[port], axes, factors, [Graph.Use(node: place, port: port)])
        }
        switch node.type {
        case "Transpose":
            guard let order = graph.constantIntegers(node.inputs[1]), order.count == shape.count else { return false }
            return through(0, axes.map { order[$0] }, factors)
        case "Reshape", "Squeeze", "Unsqueeze":
            guard let before = axesBefore(node, shape, axes) else { return false }
            return through(0, before, factors)
        case "Multiply": return foldProduct(place, axes, factors)
        case "Add", "Subtract":
            guard let port = [0, 1].first(where: { isConstant[node.inputs[$0].node] }),
                node.inputs[1 - port].shape.rank == shape.count
            else { return false }
            return scale(place, port, axes, factors, rank: shape.count) && through(1 - port, axes, factors)
        case "GroupNormalization":
            guard axes == [1], node.inputs.count == 3 else { return false }
            return scale(place, 1, [0], factors, rank: 1) && scale(place, 2, [0], factors, rank: 1)
        case "VariadicSplit":
            guard axes.count == 1, let axis = graph.constantIntegers(node.inputs[1])?.first,
                axis == axes[0] || axis == axes[0] - shape.count
            else { return false }
            // From the results: traced networks compute the lengths from shapes.
            let lengths = node.outputs.compactMap { $0.shape.dimensions?[axes[0]].fixedValue }
            guard lengths.count == node.outputs.count else { return false }
            let parts = lengths.enumerated().map { $0 == value.port ? factors : [Float](repeating: 1, count: $1) }
            return through(0, axes, Array(parts.joined()))
        case "ScaledDotProductAttention":
            // Attention averages rows of values, each channel separately.
            guard axes.allSatisfy({ $0 == 1 || $0 == 3 }) else { return false }
            return through(2, axes, factors)
        case "MatMul", "Convolution":
            if let site = weights[place], site.ends.contains(node.inputs[1]) {
                let channels = node.type == "MatMul" ? shape.count - 1 : 1
                guard axes == [channels], site.layout.channels == factors.count, site.layout.shape.rank == 2 || channels == 1
                else { return false }
                outputs[site.constant] = zip(outputs[site.constant] ?? factors.map { _ in 1 }, factors).map { $0 * $1 }
                return true
            }
            // Attention as separate operations: as above.
            guard node.type == "MatMul", !node.flag("transpose_b"), !isConstant[node.inputs[0].node],
                axes.last == shape.count - 1, !axes.contains(shape.count - 2)
            else { return false }
            return through(1, axes, factors)
        default: return false
        }
    }

    private mutating func foldProduct(_ index: Int, _ axes: [Int], _ factors: [Float]) -> Bool {
        let node = graph.nodes[index]
        let rank = node.outputs[0].shape.rank ?? 0
        for port in [0, 1] where isConstant[node.inputs[port].node] { return scale(index, port, axes, factors, rank: rank) }
        // Either factor will do.
        return [0, 1].contains { port in
            node.inputs[port].shape.rank == rank
                && multiply(node.inputs[port], axes, by: factors, for: [Graph.Use(node: index, port: port)])
        }
    }

    /// Replaces the constant that the input reads.
    private mutating func scale(_ node: Int, _ port: Int, _ axes: [Int], _ factors: [Float], rank: Int) -> Bool {
        let use = Graph.Use(node: node, port: port)
        let value = graph.nodes[node].inputs[port]
        let known =
            constants[use]
            ?? graph.constantFloats(value).flatMap { elements in
                value.shape.fixed.map { Constant(elements: elements, shape: $0) }
            }
        guard let known, known.shape.rank <= rank, let sizes = axisSizes(graph.nodes[node], axes, rank) else { return false }
        let old = [Int](repeating: 1, count: rank - known.shape.rank) + known.shape.dimensions
        var shape = old
        for (axis, size) in zip(axes, sizes) { shape[axis] = size }
        guard Shape(sizes).checkedElementCount == factors.count, let count = Shape(shape).checkedElementCount else {
            return false
        }
        var elements: [Float] = []
        elements.reserveCapacity(count)
        for flat in 0..<count {
            var (rest, place, stride) = (flat, 0, 1)
            var places = [Int](repeating: 0, count: rank)
            for axis in shape.indices.reversed() {
                places[axis] = rest % shape[axis]
                if old[axis] != 1 { (place, stride) = (place + places[axis] * stride, stride * old[axis]) }
                rest /= shape[axis]
            }
            let channel = zip(axes, sizes).reduce(0) { $0 * $1.1 + places[$1.0] }
            elements.append(known.elements[place] * factors[channel])
        }
        constants[use] = Constant(elements: elements, shape: Shape(shape))
        return true
    }

    /// The sizes of axes of a node's result, or of a vector along the channels of a normalization.
    private func axisSizes(_ node: Node, _ axes: [Int], _ rank: Int) -> [Int]? {
        if node.type == "GroupNormalization" { return node.inputs[1].shape.fixed.map { $0.dimensions } }
        guard let dimensions = node.outputs[0].shape.dimensions, dimensions.count == rank else { return nil }
        let sizes = axes.compactMap { dimensions[$0].fixedValue }
        return sizes.count == axes.count ? sizes : nil
    }

    private func product(_ dimensions: [Dimension], _ axes: [Int]) -> Int? {
        guard axes.allSatisfy(dimensions.indices.contains) else { return nil }
        return PartialShape(axes.map { dimensions[$0] }).fixed?.checkedElementCount
    }

    /// The axes in a reshape's input of channels on the last axes of its result: the last axis of the input, or its last two.
    private func axesBefore(_ node: Node, _ after: [Dimension], _ axes: [Int]) -> [Int]? {
        guard let before = node.inputs[0].shape.dimensions, let count = product(after, axes),
            axes == Array(after.count - axes.count..<after.count)
        else { return nil }
        for length in 1...2 where length <= before.count {
            let places = Array(before.count - length..<before.count)
            if product(before, places) == count { return places }
        }
        return nil
    }
}
