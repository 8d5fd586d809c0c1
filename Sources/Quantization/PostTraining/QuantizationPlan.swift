import Foundation
public import ModelGraph
import TensorStore

/// For each matrix product and convolution of a graph: INT8, weights alone in INT8, or floating point.
public struct QuantizationPlan: Sendable {
    public enum Precision: String, Sendable, Codable, CaseIterable {
        /// Weights and activations in INT8, computed in integers.
        case int8
        /// Weights stored in INT8, computed in floating point.
        case weights
        /// Floating point, unchanged.
        case float
    }

    /// The reason that a layer is not `int8`.
    public enum Reason: String, Sendable, Codable {
        /// The layer depends only on the timestep. Its error would affect every step, and such layers are small.
        case timeEmbedding = "time embedding"
        /// The layer does not depend on inputs that change between steps. It runs once for many steps.
        case runsOnce = "runs once a prompt"
        case first = "first layer"
        case last = "last layer"
        /// The layer takes a skip connection of wide range past all other layers to the last one.
        case lastShortcut = "last shortcut"
        /// The layer computes on few pixels, each of which affects many pixels of the output.
        case lowResolution = "low resolution"
        case ignored = "ignored by a rule"
        /// Accuracy control returned the layer to floating point.
        case sensitive = "sensitive"
    }

    public struct Layer: Sendable {
        public let operation: String
        public let type: String
        public var precision: Precision
        public var reason: Reason?
    }

    /// The layers, in the graph's order.
    public internal(set) var layers: [Layer]
    /// Operations without weights that compute attention scores and stay in floating point.
    var keptScores: Set<String> = []

    /// How often the inputs change, and the layers that stay in floating point in any case.
    public struct Rules: Sendable {
        /// Names of inputs that change at every run. Operations that depend on none of them need not be fast.
        public var runInputs: Set<String>
        /// Names of inputs with times. Operations that depend on them, and not on `runInputs`, stay in floating point.
        public var timeInputs: Set<String>
        /// Whether the first layers that read the run's inputs, and the last layers before the outputs, stay in floating point.
        public var keepsEnds = true
        public var keepsTimeEmbedding = true
        /// Whether layers at low resolution stay in floating point. In decoders, such layers take little time, and their errors
        /// spread over squares of pixels. All layers up to the first upsampling stay, and further layers while the total is at
        /// most an eighth of all multiplications.
        public var keepsLowResolution = false
        public var ignored = IgnoredScope()

        public init(runInputs: Set<String>, timeInputs: Set<String> = []) {
            self.runInputs = runInputs
            self.timeInputs = timeInputs
        }

        /// Rules for a UNet with the input names of optimum-intel.
        public static let unet = Rules(runInputs: ["sample"], timeInputs: ["timestep", "timestep_cond"])
        /// Rules for an autoencoder's decoder with the input names of optimum-intel.
        public static let vaeDecoder = {
            var rules = Rules(runInputs: ["latent_sample"])
            rules.keepsLowResolution = true
            return rules
        }()
    }

    /// - Throws: `QuantizationError.ignoredScope` for a rule that matches nothing.
    public init(_ graph: Graph, _ rules: Rules) throws(QuantizationError) {
        let ignored = try rules.ignored.nodes(of: graph)
        let constant = GraphIndex(graph).isConstant
        let computes = graph.nodes.indices.map { index in
            QuantizerPlacement.computing.contains(graph.nodes[index].type) && !constant[index]
                && graph.nodes[index].inputs.count > 1 && constant[graph.nodes[index].inputs[1].node]
        }
        let run = graph.nodesDepending(on: rules.runInputs)
        let time = graph.nodesDepending(on: rules.timeInputs)
        let first = graph.firstReached(from: rules.runInputs, computes)
        let last = graph.lastBeforeResults(computes)
        let nextToLast = graph.lastBeforeResults(computes, passing: last)
        let small = rules.keepsLowResolution ? graph.lowResolution(from: rules.runInputs, computes) : []
        layers = []
        for (index, node) in graph.nodes.enumerated() where computes[index] {
            var layer = Layer(operation: node.name, type: node.type, precision: .int8, reason: nil)
            // A rule may name the operation or the constant of its weights.
            if ignored.contains(index) || ignored.contains(graph.weightConstant(of: index)) {
                (layer.precision, layer.reason) = (.float, .ignored)
            } else if !run[index], time[index], rules.keepsTimeEmbedding {
                (layer.precision, layer.reason) = (.float, .timeEmbedding)
            } else if !run[index] {
                (layer.precision, layer.reason) = (.weights, .runsOnce)
            } else if rules.keepsEnds, first.contains(index) {
                (layer.precision, layer.reason) = (.float, .first)
            } else if small.contains(index) {
                (layer.precision, layer.reason) = (.float, .lowResolution)
            } else if rules.keepsEnds, last.contains(index) {
                (layer.precision, layer.reason) = (.float, .last)
            } else if rules.keepsEnds, nextToLast.contains(index), graph.nodes[node.inputs[0].node].type == "Concat" {
                (layer.precision, layer.reason) = (.float, .lastShortcut)
            }
            layers.append(layer)
        }
    }

    /// The names of operations that compute in floating point.
    var floatOperations: Set<String> { operations(.float).union(operations(.weights)).union(keptScores) }

    /// The names of layers with a precision.
    public func operations(_ precision: Precision) -> Set<String> {
        Set(layers.filter { $0.precision == precision }.map(\.operation))
    }
}

extension Graph {
    /// Whether each node depends on the values of the inputs. A dependence on shapes does not count.
    fileprivate func nodesDepending(on names: Set<String>) -> [Bool] {
        var depends: [Bool] = []
        for node in nodes {
            if node.type == "Parameter" {
                depends.append(!names.isDisjoint(with: node.outputs[0].names + [node.name]))
            } else {
                depends.append(node.type != "ShapeOf" && node.inputs.contains { depends[$0.node] })
            }
        }
        return depends
    }

    /// The marked nodes that are reachable from the inputs without passing another marked node.
    fileprivate func firstReached(from names: Set<String>, _ marked: [Bool]) -> Set<Int> {
        var open: [Bool] = []
        var found: Set<Int> = []
        for (index, node) in nodes.enumerated() {
            if node.type == "Parameter" {
                open.append(!names.isDisjoint(with: node.outputs[0].names + [node.name]))
                continue
            }
            let reached = node.type != "ShapeOf" && node.inputs.contains { open[$0.node] }
            if reached, marked[index] { found.insert(index) }
            open.append(reached && !marked[index])
        }
        return found
    }

    /// The marked nodes that are reachable from the inputs before any upsampling, and the nodes that complete the first
    /// upsampling: the convolution after an interpolation, or the convolutions before pixels are taken from channels. Further
    /// nodes follow while the total is at most an eighth of the multiplications. Each upsampling counts as a factor of 2.
    fileprivate func lowResolution(from names: Set<String>, _ marked: [Bool]) -> Set<Int> {
        /// The number of upsamplings before a node's input, and whether the convolution that completes the last one is yet to
        /// come.
        struct Resolution { var level: Int, isIncomplete = false }
        var resolutions: [Resolution?] = []
        var layers: [(index: Int, level: Int, cost: Double)] = []
        for (index, node) in nodes.enumerated() {
            var read = node.inputs.compactMap { resolutions[$0.node] }.max { $0.level < $1.level }
            switch node.type {
            case "Parameter":
                read = names.isDisjoint(with: node.outputs[0].names + [node.name]) ? nil : Resolution(level: 0)
            case "ShapeOf": read = nil
            case "DepthToSpace": read?.level += 1
            case "Interpolate": read = read.map { Resolution(level: $0.level + 1, isIncomplete: true) }
            default:
                guard marked[index], let resolution = read else { break }
                let weights = Double(node.inputs[1].shape.fixed?.checkedElementCount ?? 0)
                let cost = weights * pow(4, Double(resolution.level))
                layers.append((index, resolution.level - (resolution.isIncomplete ? 1 : 0), cost))
                read?.isIncomplete = false
            }
            resolutions.append(read)
        }
        // In a network without upsampling, all layers would count.
        guard layers.contains(where: { $0.level > 0 }) else { return [] }
        let limit = layers.reduce(0) { $0 + $1.cost } / 8
        var (found, cost): (Set<Int>, Double) = ([], 0)
        for layer in layers {
            guard layer.level == 0 || cost + layer.cost <= limit else { break }
            found.insert(layer.index)
            cost += layer.cost
        }
        return found
    }

    /// The marked nodes from which an output is reachable without passing another marked node, except nodes of `passed`.
    fileprivate func lastBeforeResults(_ marked: [Bool], passing passed: Set<Int> = []) -> Set<Int> {
        var open = Set(nodes.indices.filter { nodes[$0].type == "Result" })
        var found: Set<Int> = []
        for index in nodes.indices.reversed() where open.contains(index) {
            if marked[index], !passed.contains(index) {
                found.insert(index)
            } else {
                open.formUnion(nodes[index].inputs.map(\.node))
            }
        }
        return found
    }

    /// The constant behind an operation's second input.
    fileprivate func weightConstant(of index: Int) -> Int {
        var place = nodes[index].inputs[1].node
        while let input = nodes[place].inputs.first { place = input.node }
        return place
    }
}
