public import TensorStore

/// A graph with the shapes of its inputs.
public struct SizedGraph: Sendable {
    public var graph: Graph
    /// Shapes by input name. An input that is not listed keeps its shape in the graph.
    public var shapes: [String: PartialShape]

    /// Whether every interpolation whose size is computed from shapes doubles the size at these shapes; see
    /// `Graph.subPixelUpsampling`.
    public var doublesSizes: Bool

    public init(_ graph: Graph, shapes: [String: PartialShape] = [:], doublesSizes: Bool = false) {
        self.graph = graph
        self.shapes = shapes
        self.doublesSizes = doublesSizes
    }

    /// Sets axes of inputs; an axis given as nil stays as it is in the graph.
    /// - Throws: `GraphError.structure` where the graph has no such input, or the input does not take these axes.
    public init(
        _ graph: Graph, setting axes: KeyValuePairs<String, [Dimension?]>, doublesSizes: Bool = false
    ) throws(GraphError) {
        self.init(graph, doublesSizes: doublesSizes)
        for (name, sizes) in axes {
            guard let input = graph.parameter(named: name) else {
                throw .structure(node: graph.name, reason: "it has no input '\(name)'")
            }
            let own = input.outputs[0].shape
            // A network with one timestep for the whole batch may take it as a scalar.
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

    /// Cuts the graph into stages as `Graph.stages` does. Each stage has the shapes of its own inputs; the shapes of values
    /// that it takes from earlier stages are not among them.
    public func stages(_ inputs: [Set<String>]) throws(GraphError) -> [SizedGraph?] {
        try graph.stages(inputs).map { stage in
            stage.map { stage in
                let own = shapes.filter { stage.parameter(named: $0.key) != nil }
                return SizedGraph(stage, shapes: own, doublesSizes: doublesSizes)
            }
        }
    }
}

extension Graph {
    /// The input that has `name`.
    public func parameter(named name: String) -> Node? {
        nodes.first { $0.type == "Parameter" && ($0.outputs[0].names.contains(name) || $0.name == name) }
    }

    /// Whether an output has `name`.
    public func hasResult(named name: String) -> Bool { resultValue(named: name) != nil }

    /// The value of the output called `name`.
    func resultValue(named name: String) -> Value? {
        results.map { $0.inputs[0] }.first { nodes[$0.node].outputs[$0.port].names.contains(name) }
    }
}
