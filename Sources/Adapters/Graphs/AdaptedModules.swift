import Architectures
import ModelGraph
import TensorStore

/// The modules of a network that a LoRA may change: its linear layers and convolutions, found in a graph by their names.
///
/// Names are those of nodes, `down_blocks.0.….to_q/MatMul` in graphs of our own and
/// `__module.model.down_blocks.0.….to_q/…/MatMul` in traced ones, or else of the constants with the weights.
struct AdaptedModules {
    /// By the module's path in diffusers' names.
    private(set) var sites: [String: [AdaptedSite]] = [:]
    /// Paths by every name that files have for them.
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
                // kohya's. Two paths that differ in dots alone there are not in any of these networks.
                paths[name.replacing(".", with: "_")] = path
            }
        }
    }

    /// The path of the module that a file calls `name`; nil where there is none.
    func path(of name: String) -> String? { paths[name] }
}

/// One place where the weights of a module are used.
struct AdaptedSite {
    enum Kind: Equatable {
        /// Weights `[outputs, inputs]`, or `[inputs, outputs]`.
        case linear(isTransposed: Bool)
        case convolution
    }

    let kind: Kind
    /// Index of the MatMul or Convolution.
    let operation: Int
    /// Of the module's outputs, where this place computes only some.
    let rows: Range<Int>?
    /// `[outputs, inputs]` or `[outputs, inputs, kh, kw]` of the module as far as it is computed here.
    let shape: Shape
    /// Where weights are read that can be added to; nil for INT8.
    let weights: Graph.Use?
    /// What the module computes with: before it is rounded, and before smoothing divides it.
    let input: Value
    /// The module's result, with its bias.
    let output: Value
    let smoothing: ChannelSmoothing

    /// - Throws: `GraphError.structure` where the smoothing has not one factor for each channel.
    func checkSmoothing(_ graph: Graph) throws(GraphError) {
        let (inputs, outputs) = (smoothing.inputs?.count, smoothing.outputs?.count)
        guard inputs ?? shape[1] == shape[1], outputs ?? shape[0] == shape[0] else {
            throw .structure(
                node: graph.nodes[operation].name,
                reason: "the smoothing has \(inputs ?? 0) input and \(outputs ?? 0) output factors; the weights are \(shape)")
        }
    }
}
