public import ModelGraph

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
        public var ignored = IgnoredScope()

        public init(runInputs: Set<String>, timeInputs: Set<String> = []) {
            self.runInputs = runInputs
            self.timeInputs = timeInputs
        }

        /// A UNet with optimum-intel's names.
        public static let unet = Rules(runInputs: ["sample"], timeInputs: ["timestep", "timestep_cond"])
        /// The decoder of an autoencoder, likewise.
        public static let vaeDecoder = Rules(runInputs: ["latent_sample"])
    }

    /// - Throws: `QuantizationError.ignoredScope` for a rule that matches nothing.
    public init(_ graph: Graph, _ rules: Rules) throws(QuantizationError) {
        let ignored = try rules.ignored.nodes(of: graph)
        let constant = graph.constantNodes
        let computes = graph.nodes.indices.map { index in
            QuantizerPlacement.computing.contains(graph.nodes[index].type) && !constant[index]
                && graph.nodes[index].inputs.count > 1 && constant[graph.nodes[index].inputs[1].node]
        }
        let run = graph.nodesDepending(on: rules.runInputs)
        let time = graph.nodesDepending(on: rules.timeInputs)
        let first = graph.firstReached(from: rules.runInputs, computes)
        let last = graph.lastBeforeResults(computes)
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
            } else if rules.keepsEnds, last.contains(index) {
                (layer.precision, layer.reason) = (.float, .last)
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

    /// Those of the marked nodes from which an output is reached without passing another.
    fileprivate func lastBeforeResults(_ marked: [Bool]) -> Set<Int> {
        var open = Set(nodes.indices.filter { nodes[$0].type == "Result" })
        var found: Set<Int> = []
        for index in nodes.indices.reversed() where open.contains(index) {
            if marked[index] { found.insert(index) } else { open.formUnion(nodes[index].inputs.map(\.node)) }
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
