import TensorStore

extension Graph {
    /// Splits the graph into stages by the inputs that each operation depends on. A value that does not change between two runs
    /// of a later stage is computed once, in an earlier stage.
    ///
    /// A stage holds the operations that depend on its own inputs and at most on those of earlier stages. A value for a later
    /// stage is an output of one stage and an input of the other, under one name. Operations that depend on no input belong to
    /// every stage that uses them. Operations on shapes do too: if a number came from another stage, the shapes computed from it
    /// would be unknown.
    ///
    /// - Parameter inputs: names of the inputs of each stage, for one stage or more. Inputs that are not listed belong to the
    ///   last.
    /// - Returns: one graph per stage; nil for a stage without operations.
    /// - Throws: `GraphError.structure` if the graph keeps state, which can't be split.
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

/// Copies nodes into the graphs of the stages, and passes values between them.
private struct StageCutter {
    let graph: Graph
    let stage: [Int?]
    /// One rewriter per stage.
    private var rewriters: [GraphRewriter]
    private var crossings: [Value: String] = [:]
    private var usedNames: Set<String>
    /// For each node: whether it computes with shapes alone, and reads no elements of other tensors.
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

    /// The stages that have each node: its own; for inputs, shapes and nodes that depend on no input, every stage that uses them.
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

    /// Makes a value of the whole graph an input of stage `target`, unless the stage has it.
    private mutating func provide(_ value: Value, to target: Int) {
        guard rewriters[target].existing(value) == nil else { return }
        let input = rewriters[target].result.parameter(crossing(value), value.elementType, value.shape)
        rewriters[target].replace(value, with: input)
    }

    /// The name under which a value passes between stages. Its own stage outputs it under this name: the node's name, and the
    /// port if there are several.
    private mutating func crossing(_ value: Value) -> String {
        if let known = crossings[value] { return known }
        let node = graph.nodes[value.node]
        var name = node.outputs.count == 1 ? node.name : "\(node.name):\(value.port)"
        // A tensor of the same name may exist and be a different value.
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
