public import Architectures
public import ModelGraph
public import TensorStore

/// A network of a model: its architecture, and what its graphs are made of.
public struct Network<Architecture: Sendable>: Sendable {
    public enum Origin: Sendable {
        /// Tensors, over which the architecture builds a graph for each size.
        case checkpoint(Weights)
        /// A graph with dynamic shapes, read from IR or made by a pass; the runtime makes it static for each size.
        case graph(Graph)
    }

    public let architecture: Architecture
    public var origin: Origin

    public init(_ architecture: Architecture, _ origin: Origin) {
        self.architecture = architecture
        self.origin = origin
    }

    /// About what the weights take when they are compiled: f32 for floating point of any width, integers as they are.
    public var compiledBytes: Int {
        switch origin {
        case .checkpoint(let weights): return weights.parameterCount * 4
        case .graph(let graph):
            return graph.nodes.reduce(0) { sum, node in
                guard let data = node.constant else { return sum }
                switch node.outputs[0].elementType {
                case .f16, .bf16: return sum + 2 * data.byteCount
                default: return sum + data.byteCount
                }
            }
        }
    }
}

/// A graph, and the shapes that its inputs are to have.
public struct SizedGraph: Sendable {
    public var graph: Graph
    /// By the inputs' names; inputs that are not named have their shape already.
    public var shapes: [String: PartialShape]

    public init(_ graph: Graph, shapes: [String: PartialShape] = [:]) {
        self.graph = graph
        self.shapes = shapes
    }

    /// With axes of its inputs set; those given as nil stay as the graph has them.
    /// - Throws: `GraphError.structure` for an input that there is not, or one that does not take these axes.
    init(_ graph: Graph, setting axes: KeyValuePairs<String, [Dimension?]>) throws(GraphError) {
        self.graph = graph
        shapes = [:]
        for (name, sizes) in axes {
            guard let input = graph.parameter(named: name) else {
                throw .structure(node: graph.name, reason: "it has no input '\(name)'")
            }
            let own = input.outputs[0].shape
            // A network that takes one timestep for all may take it as a scalar.
            if own.rank == 0 { continue }
            guard let dimensions = own.dimensions, dimensions.count == sizes.count else {
                throw .structure(node: name, reason: "the input \(own) needs \(sizes.count) axes")
            }
            var merged: [Dimension] = []
            for (dimension, size) in zip(dimensions, sizes) {
                guard size.map({ $0.isCompatible(with: dimension) }) ?? true else {
                    throw .structure(
                        node: name, reason: "the input \(own) can't have the size \(size.map { "\($0)" } ?? "") on an axis")
                }
                merged.append(size ?? dimension)
            }
            shapes[name] = PartialShape(merged)
        }
    }
}

extension Graph {
    /// The input that has `name`.
    public func parameter(named name: String) -> Node? {
        nodes.first { $0.type == "Parameter" && ($0.outputs[0].names.contains(name) || $0.name == name) }
    }

    /// Whether an output has `name`.
    public func hasResult(named name: String) -> Bool {
        nodes.contains { node in
            guard node.type == "Result" else { return false }
            let value = node.inputs[0]
            return nodes[value.node].outputs[value.port].names.contains(name)
        }
    }
}
