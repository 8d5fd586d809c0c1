import TensorStore

extension Graph {
    /// Cuts the graph into stages by the inputs that each operation depends on, so that what does not change between two
    /// runs of a later stage is computed once, in an earlier one.
    ///
    /// A stage holds the operations that depend on its own inputs and at most on those of earlier stages. What a later
    /// stage takes from an earlier one is an output of the one and an input of the other, under one name. Operations that
    /// depend on no input at all are part of every stage that uses them.
    ///
    /// - Parameter inputs: names of the inputs that come with each stage; inputs named nowhere belong to the last.
    /// - Returns: one graph a stage; nil for a stage that has nothing to compute.
    /// - Throws: `GraphError.structure` where the graph keeps state, which can't be cut.
    public func stages(_ inputs: [Set<String>]) throws(GraphError) -> [Graph?] {
        if let stateful = nodes.first(where: { $0.type == "ReadValue" || $0.type == "Assign" }) {
            throw .structure(node: stateful.name, reason: "a graph that keeps state can't be cut into stages")
        }
        let last = inputs.count - 1
        // The stage of each node; nil where it depends on no input.
        var stage: [Int?] = []
        for node in nodes {
            if node.type == "Parameter" {
                stage.append(inputs.firstIndex { !$0.isDisjoint(with: node.outputs[0].names + [node.name]) } ?? last)
            } else if node.type == "Result" {
                stage.append(last)
            } else {
                stage.append(node.inputs.compactMap { stage[$0.node] }.max())
            }
        }
        var cutter = StageCutter(graph: self, stage: stage, count: inputs.count)
        for index in nodes.indices { cutter.place(index) }
        return cutter.graphs.map { $0.results.isEmpty ? nil : $0 }
    }
}

/// Copies nodes into the stages' graphs, and values across the cuts.
private struct StageCutter {
    let graph: Graph
    let stage: [Int?]
    private(set) var graphs: [Graph]
    /// Where each node of the whole graph went, for each stage that has it.
    private var placed: [[Int: Int]]
    /// Values of earlier stages that a stage has as inputs.
    private var taken: [[Value: Value]]

    init(graph: Graph, stage: [Int?], count: Int) {
        self.graph = graph
        self.stage = stage
        graphs = Array(repeating: Graph(name: graph.name), count: count)
        placed = Array(repeating: [:], count: count)
        taken = Array(repeating: [:], count: count)
    }

    /// Puts a node into its stage. Nodes without one follow when they are used.
    mutating func place(_ index: Int) {
        if let target = stage[index] { copy(index, into: target) }
    }

    private mutating func copy(_ index: Int, into target: Int) {
        guard placed[target][index] == nil else { return }
        var node = graph.nodes[index]
        node.inputs = node.inputs.map { fetch($0, into: target) }
        placed[target][index] = graphs[target].append(node)
    }

    /// A value of the whole graph as stage `target` has it.
    private mutating func fetch(_ value: Value, into target: Int) -> Value {
        let source = stage[value.node] ?? target
        if source == target {
            // Iterative over chains of constants: their depth is small in any real graph.
            copy(value.node, into: target)
            return graphs[target].value(placed[target][value.node] ?? 0, port: value.port)
        }
        if let known = taken[target][value] { return known }
        let node = graph.nodes[value.node]
        let input: Value
        if node.type == "Parameter" {
            // An input that both stages read is an input of both.
            input = graphs[target].appendValue(node)
        } else {
            let name = crossing(value)
            if !graphs[source].results.contains(where: { $0.name == "\(name)/sink" }) {
                graphs[source].result(graphs[source].value(placed[source][value.node] ?? 0, port: value.port), name: name)
            }
            input = graphs[target].parameter(name, value.elementType, value.shape)
        }
        taken[target][value] = input
        return input
    }

    /// The name of a value that crosses a cut: its node's, and the port where there are several.
    private func crossing(_ value: Value) -> String {
        let node = graph.nodes[value.node]
        return node.outputs.count == 1 ? node.name : "\(node.name):\(value.port)"
    }
}
