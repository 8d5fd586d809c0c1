import ModelGraph
import TensorStore

/// Looks around the linear layers and convolutions of a graph.
struct SiteFinder {
    private let graph: Graph
    private let index: GraphIndex
    private var isConstant: [Bool] { index.isConstant }

    init(_ graph: Graph) {
        self.graph = graph
        index = GraphIndex(graph)
    }

    // MARK: Names

    /// The path of the module that a node with constant weights computes.
    func path(_ index: Int, _ network: AdaptedNetwork) -> String? {
        let node = graph.nodes[index]
        guard node.inputs.count == 2, isConstant[node.inputs[1].node], !isConstant[node.inputs[0].node] else { return nil }
        if let path = network.path(in: module(node.name)) { return path }
        // The nearest constant whose name contains the module's path.
        var value = node.inputs[1]
        while let next = graph.nodes[value.node].inputs.first { value = next }
        guard let path = network.path(in: module(graph.nodes[value.node].name)) else { return nil }
        for ending in [".weight", "._openvino_orig_weight"] where path.hasSuffix(ending) {
            return String(path.dropLast(ending.count))
        }
        return nil
    }

    private func module(_ name: String) -> Substring { name.prefix { $0 != "/" && $0 != "[" } }

    /// The `count` rows in a name like `ff.net.0.proj[0..<16]/MatMul`.
    private func rows(_ name: String, count: Int) -> Range<Int>? {
        guard let open = name.firstIndex(of: "["), let close = name[open...].firstIndex(of: "]") else { return nil }
        let bounds = name[name.index(after: open)..<close].split(separator: "..<", omittingEmptySubsequences: false).map {
            Int($0)
        }
        guard bounds.count == 2, let low = bounds[0], let high = bounds[1], 0 <= low, low < high, high - low == count else {
            return nil
        }
        return low..<high
    }

    // MARK: Places

    /// - Returns: nil for weights of a form that no module has.
    func site(_ index: Int) -> AdaptedSite? {
        let node = graph.nodes[index]
        guard let weights = node.inputs[1].shape.fixed else { return nil }
        if node.type == "MatMul" {
            guard weights.rank == 2, !node.flag("transpose_a") else { return nil }
            let isTransposed = !node.flag("transpose_b")
            return site(
                .linear(isTransposed: isTransposed), index, isTransposed ? [weights[1], weights[0]] : weights,
                reads: Graph.Use(node: index, port: 1), output: biased(graph.value(index)))
        }
        guard weights.rank == 4 else { return nil }
        return site(.convolution, index, weights, reads: Graph.Use(node: index, port: 1), output: biased(graph.value(index)))
    }

    private func site(
        _ kind: AdaptedSite.Kind, _ index: Int, _ shape: Shape, reads: Graph.Use, output: Value
    ) -> AdaptedSite {
        let weights = graph.nodes[reads.node].inputs[reads.port]
        return AdaptedSite(
            kind: kind, operation: index, rows: rows(graph.nodes[index].name, count: shape[0]), shape: shape,
            weights: isFloat(weights) ? reads : nil, input: plain(graph.nodes[index].inputs[0]), output: output,
            smoothing: graph.nodes[index].smoothing ?? ChannelSmoothing())
    }

    /// The value before rounding and smoothing.
    private func plain(_ value: Value) -> Value {
        let node = graph.nodes[value.node]
        if node.type == "FakeQuantize" { return plain(node.inputs[0]) }
        if node.type == "Multiply", node.name.contains("smooth_quant"),
            let port = [0, 1].first(where: { isConstant[node.inputs[1 - $0].node] })
        {
            return plain(node.inputs[port])
        }
        return value
    }

    /// The output of the bias addition that alone reads the value; the value itself if there is no such addition.
    private func biased(_ value: Value) -> Value {
        guard let reader = index.onlyReader(of: value), graph.nodes[reader.node].type == "Add",
            isConstant[graph.nodes[reader.node].inputs[1 - reader.port].node]
        else { return value }
        return graph.value(reader.node)
    }

    /// Whether constant weights are computed in floating point only.
    private func isFloat(_ value: Value) -> Bool {
        let node = graph.nodes[value.node]
        switch node.type {
        case "Const": return value.elementType.isFloatingPoint
        // Their second operand is a shape or an order.
        case "Convert", "Reshape", "Transpose": return isFloat(node.inputs[0])
        default: return false
        }
    }

}
