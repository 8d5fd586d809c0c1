import Architectures
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

/// The linear layers and convolutions of a network that a LoRA may change, found in a graph by their names.
///
/// Names are those of nodes (`down_blocks.0.….to_q/MatMul` in graphs built from checkpoints,
/// `__module.model.down_blocks.0.….to_q/…/MatMul` in traced graphs), or else those of the weight constants.
struct AdaptedModules {
    /// Places by the module's path in diffusers' spelling.
    private(set) var sites: [String: [AdaptedSite]] = [:]
    /// Module paths by every name that files use for them.
    private var paths: [String: String] = [:]

    init(_ graph: Graph, _ network: AdaptedNetwork) {
        let finder = SiteFinder(graph)
        for index in graph.nodes.indices {
            guard ["MatMul", "Convolution"].contains(graph.nodes[index].type), let path = finder.path(index, network),
                let site = finder.site(index)
            else { continue }
            sites[path, default: []].append(site)
        }
        let compVis = CompVisUNetNames(diffusersModules: sites.keys)
        for path in sites.keys {
            var names = [path]
            switch network {
            case .unet: if let name = compVis.compVisName(of: path) { names.append(name) }
            case .textEncoder, .textEncoder2: names.append("text_model.\(path)")
            }
            for name in names {
                paths[name] = path
                // kohya's spelling. No two paths in these networks differ only in dots and underscores.
                paths[name.replacing(".", with: "_")] = path
            }
        }
    }

    /// The path of the module that a file calls `name`; nil if the network has no such module.
    func path(of name: String) -> String? { paths[name] }
}

/// A place in the graph that uses the weights of a module.
struct AdaptedSite {
    enum Kind: Equatable {
        /// Weights `[outputs, inputs]`, or `[inputs, outputs]`.
        case linear(isTransposed: Bool)
        case convolution
    }

    let kind: Kind
    /// Index of the MatMul or Convolution.
    let operation: Int
    /// The rows of the module's outputs that this place computes; nil for all.
    let rows: Range<Int>?
    /// `[outputs, inputs]` or `[outputs, inputs, kh, kw]` of the part of the module that this place computes.
    let shape: Shape
    /// The use of floating-point weights, to which a LoRA can be added; nil for INT8 weights.
    let weights: Graph.Use?
    /// The module's input, before rounding and before smoothing divides it.
    let input: Value
    /// The module's result, with its bias.
    let output: Value
    let smoothing: ChannelSmoothing

    /// Whether the weights are `[inputs, outputs]`.
    var isTransposed: Bool { kind == .linear(isTransposed: true) }

    /// - Throws: `GraphError.structure` unless the smoothing has one factor per channel.
    func checkSmoothing(_ graph: Graph) throws(GraphError) {
        let (inputs, outputs) = (smoothing.inputs?.count, smoothing.outputs?.count)
        guard inputs ?? shape[1] == shape[1], outputs ?? shape[0] == shape[0] else {
            throw .structure(
                node: graph.nodes[operation].name,
                reason: "the smoothing has \(inputs ?? 0) input and \(outputs ?? 0) output factors; the weights are \(shape)")
        }
    }
}
