import TensorStore

extension Graph {
    /// Cuts the graph into stages by the inputs that each operation depends on, so that what does not change between two
    /// runs of a later stage is computed once, in an earlier one.
    ///
    /// A stage holds the operations that depend on its own inputs and at most on those of earlier stages. What a later
    /// stage takes from an earlier one is an output of the one and an input of the other, under one name. Operations that
    /// depend on no input at all are part of every stage that uses them, and so are those that compute with shapes: a number
    /// that comes from another stage would leave the shapes behind it unknown.
    ///
    /// - Parameter inputs: names of the inputs that come with each stage, at least one; inputs named nowhere belong to the last.
    /// - Returns: one graph a stage; nil for a stage that has nothing to compute.
    /// - Throws: `GraphError.structure` where the graph keeps state, which can't be cut.
    public func stages(_ inputs: [Set<String>]) throws(GraphError) -> [Graph?] {
        if let stateful = nodes.first(where: { isStateful($0.type) || $0.bodies.contains(where: keepsState) }) {
            throw .structure(node: stateful.name, reason: "a graph that keeps state can't be cut into stages")
        }
        precondition(!inputs.isEmpty, "a graph is cut into one stage or more")
        let last = inputs.count - 1
        // The stage of each node; nil where it depends on no input.
        var stage: [Int?] = []
        for node in nodes {
            if node.type == "Parameter" {
                stage.append(inputs.firstIndex { !$0.isDisjoint(with: node.outputs[0].names + [node.name]) } ?? last)
            } else if node.type == "Result" {
                stage.append(last)
            } else if node.type == "ShapeOf", nodes[node.inputs[0].node].type == "Parameter" {
                // An input's shape is known before the input is.
                stage.append(nil)
            } else {
                stage.append(node.inputs.compactMap { stage[$0.node] }.max())
            }
        }
        var cutter = StageCutter(graph: self, stage: stage, count: inputs.count)
        try cutter.cut()
        return cutter.graphs.map { $0.results.isEmpty ? nil : $0 }
    }
}

private func isStateful(_ type: String) -> Bool { type == "ReadValue" || type == "Assign" }

/// Whether a body of a node, or one inside of it, keeps state.
private func keepsState(_ body: XMLElement) -> Bool {
    body.name == "layer" && isStateful(body["type"] ?? "") || body.children.contains(where: keepsState)
}

/// Copies nodes into the stages' graphs, and values across the cuts.
private struct StageCutter {
    let graph: Graph
    let stage: [Int?]
    /// One for each stage.
    private var rewriters: [GraphRewriter]
    private var crossings: [Value: String] = [:]
    private var usedNames: Set<String>
    /// Whether a node computes with shapes alone.
    private let isShape: [Bool]

    var graphs: [Graph] { rewriters.map(\.result) }

    init(graph: Graph, stage: [Int?], count: Int) {
        self.graph = graph
        self.stage = stage
        rewriters = Array(repeating: GraphRewriter(graph), count: count)
        var isShape: [Bool] = []
        for (index, node) in graph.nodes.enumerated() {
            let fromShapes =
                !node.inputs.isEmpty && node.type != "Result"
                && node.inputs.allSatisfy { isShape[$0.node] || stage[$0.node] == nil }
            isShape.append(node.type == "ShapeOf" || fromShapes && stage[index] != nil)
        }
        self.isShape = isShape
        usedNames = Set(graph.nodes.flatMap(\.outputs).flatMap(\.names))
    }

    mutating func cut() throws(GraphError) {
        let targets = stagesOfNodes()
        for index in graph.nodes.indices {
            for target in targets[index].sorted() {
                for input in graph.nodes[index].inputs { provide(input, to: target) }
                try rewriters[target].copy(index)
            }
        }
    }

    /// The stages that have each node: its own; for inputs, shapes, and what depends on no input, all that use it.
    private func stagesOfNodes() -> [Set<Int>] {
        var targets = [Set<Int>](repeating: [], count: graph.nodes.count)
        for index in graph.nodes.indices.reversed() {
            let node = graph.nodes[index]
            if let own = stage[index], !isShape[index], node.type != "Parameter" || targets[index].isEmpty {
                targets[index] = [own]
            }
            for input in node.inputs
            where stage[input.node] == nil || isShape[input.node] || graph.nodes[input.node].type == "Parameter" {
                targets[input.node].formUnion(targets[index])
            }
        }
        return targets
    }

    /// Makes a value of the whole graph an input of stage `target`, where the stage does not have it.
    private mutating func provide(_ value: Value, to target: Int) {
        guard rewriters[target].existing(value) == nil else { return }
        let input = rewriters[target].result.parameter(crossing(value), value.elementType, value.shape)
        rewriters[target].replace(value, with: input)
    }

    /// The name under which a value crosses cuts, where its own stage gives it as an output: its node's, and the port where
    /// there are several.
    private mutating func crossing(_ value: Value) -> String {
        if let known = crossings[value] { return known }
        let node = graph.nodes[value.node]
        var name = node.outputs.count == 1 ? node.name : "\(node.name):\(value.port)"
        // Tensors of the same name may be there already, and mean something else.
        if !node.outputs[value.port].names.contains(name) {
            while usedNames.contains(name) { name += "'" }
        }
        usedNames.insert(name)
        crossings[value] = name
        guard let source = stage[value.node], let output = rewriters[source].existing(value) else {
            preconditionFailure("'\(node.name)' is read before its place in the order")
        }
        rewriters[source].result.result(output, name: name)
        return name
    }
}
