import Foundation
public import ModelGraph
import TensorStore

/// What each matrix product and convolution of a graph is to compute in.
public struct QuantizationPlan: Sendable {
    public enum Precision: String, Sendable, Codable, CaseIterable {
        /// Weights and activations in INT8, computed in integers.
        case int8
        /// Weights stored in INT8, computed in floating point.
        case weights
        /// As it was.
        case float
    }

    /// Why a layer is not `int8`.
    public enum Reason: String, Sendable, Codable {
        /// It computes with times alone: an error there is in every step, and the layers are small.
        case timeEmbedding = "time embedding"
        /// It does not depend on what changes from step to step, and so runs once for many steps.
        case runsOnce = "runs once a prompt"
        case first = "first layer"
        case last = "last layer"
        /// It takes a skip connection as it is, whose range is wide, past everything else to the last layer.
        case lastShortcut = "last shortcut"
        /// It computes on few pixels, of which each decides many.
        case lowResolution = "low resolution"
        case ignored = "ignored by a rule"
        /// Accuracy control put it back.
        case sensitive = "sensitive"
    }

    public struct Layer: Sendable {
        public let operation: String
        public let type: String
        public var precision: Precision
        public var reason: Reason?
    }

    /// In the graph's order.
    public internal(set) var layers: [Layer]
    /// Operations without weights that compute scores of attention and stay in floating point.
    var keptScores: Set<String> = []

    /// Which inputs change how often, and what is kept in floating point whatever that says.
    public struct Rules: Sendable {
        /// Inputs that are new at every run, by name: what depends on none of them need not be fast.
        public var runInputs: Set<String>
        /// Inputs with times: what depends on them, and not on `runInputs`, stays in floating point.
        public var timeInputs: Set<String>
        /// Whether layers that read the run's inputs first, or make the outputs last, stay in floating point.
        public var keepsEnds = true
        public var keepsTimeEmbedding = true
        /// Whether what computes at low resolution stays in floating point: in decoders, where such layers take little time, and
        /// their errors spread over squares of pixels. It is all up to the first enlargement, and from there on as much as an
        /// eighth of all multiplications allows.
        public var keepsLowResolution = false
        public var ignored = IgnoredScope()

        public init(runInputs: Set<String>, timeInputs: Set<String> = []) {
            self.runInputs = runInputs
            self.timeInputs = timeInputs
        }

        /// A UNet with optimum-intel's names.
        public static let unet = Rules(runInputs: ["sample"], timeInputs: ["timestep", "timestep_cond"])
        /// The decoder of an autoencoder, likewise.
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

    /// What computes in floating point, by name.
    var floatOperations: Set<String> { operations(.float).union(operations(.weights)).union(keptScores) }

    /// Names of the layers of a precision.
    public func operations(_ precision: Precision) -> Set<String> {
        Set(layers.filter { $0.precision == precision }.map(\.operation))
    }
}

extension Graph {
    /// Whether each node depends on the values of inputs; their shapes count for nothing.
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

    /// Those of the marked nodes that the inputs reach without passing another.
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

    /// Those of the marked nodes that the inputs reach before anything enlarges the picture, with what completes the first
    /// enlargement: the convolution after an interpolation, those before pixels are taken from channels. Then those that follow,
    /// while all together take an eighth of the multiplications at most. Each enlargement counts as one to twice the size.
    fileprivate func lowResolution(from names: Set<String>, _ marked: [Bool]) -> Set<Int> {
        /// How often what a node reads was enlarged; whether the convolution is still to come that completes it.
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
        // Of a network that enlarges nothing, it would be everything.
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

    /// Those of the marked nodes from which an output is reached without passing another but those of `passed`.
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
