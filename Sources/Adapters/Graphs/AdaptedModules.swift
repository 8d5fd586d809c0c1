import Architectures
import ModelGraph
import TensorStore

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
