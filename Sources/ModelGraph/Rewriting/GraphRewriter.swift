/// Copies a graph node by node and puts other values in the place of some.
///
/// Passes are written with it. A pass walks over `source.nodes` in order; for each node it calls `copy`, or appends other nodes
/// to `result` and calls `replace`, or leaves the node out. Names, runtime info and annotations of copied nodes stay.
public struct GraphRewriter: Sendable {
    /// The graph that is copied.
    public let source: Graph
    /// The copy so far. A pass may append nodes to it.
    public var result: Graph
    /// The index in `result` of each node of `source`; nil for nodes that are not copied.
    private var places: [Int?]
    private var replacements: [Value: Value] = [:]

    public init(_ source: Graph) {
        self.source = source
        result = Graph(name: source.name)
        result.runtimeInfo = source.runtimeInfo
        places = Array(repeating: nil, count: source.nodes.count)
    }

    public func isCopied(_ index: Int) -> Bool { places[index] != nil }

    /// The value of `result` that stands for a value of `source`; nil where there is none yet.
    public func existing(_ value: Value) -> Value? {
        if let replacement = replacements[value] { return replacement }
        return places[value.node].map { result.value($0, port: value.port) }
    }

    /// The value of `result` that stands for a value of `source`.
    /// - Parameter reader: index of the node that reads it, which the error names.
    /// - Throws: `GraphError.structure` where the node that computes it was left out or comes later.
    public func moved(_ value: Value, reader: Int) throws(GraphError) -> Value {
        guard let moved = existing(value) else {
            throw .structure(
                node: source.nodes[reader].name,
                reason: "it reads '\(source.nodes[value.node].name)', which is not in the graph before it")
        }
        return moved
    }

    /// Appends a copy of the node at `index`.
    ///
    /// - Parameters:
    ///   - change: edits the node, whose inputs are values of `result` already.
    ///   - input: called for each input with `result` (to which it may append), the use in `source`, and the value of `result`;
    ///     returns the value that the copy reads.
    /// - Returns: the index in `result`.
    /// - Throws: as `moved` and `input`.
    @discardableResult
    public mutating func copy(
        _ index: Int, change: (inout Node) -> Void = { _ in },
        input: (inout Graph, Graph.Use, Value) throws(GraphError) -> Value = { (_, _, value) throws(GraphError) in value }
    ) throws(GraphError) -> Int {
        var node = source.nodes[index]
        for port in node.inputs.indices {
            let value = try moved(node.inputs[port], reader: index)
            node.inputs[port] = try input(&result, Graph.Use(node: index, port: port), value)
        }
        change(&node)
        let place = result.append(node)
        places[index] = place
        return place
    }

    /// Makes nodes that are copied from now on read `replacement`, a value of `result`, where they read `value` of `source`.
    /// - Parameter movesNames: whether the replacement's tensor gets the names that the value's tensor has in `source`.
    public mutating func replace(_ value: Value, with replacement: Value, movesNames: Bool = false) {
        replacements[value] = replacement
        guard movesNames else { return }
        result.nodes[replacement.node].outputs[replacement.port].names = source.nodes[value.node].outputs[value.port].names
    }
}

extension Graph {
    /// A place where a node reads a value.
    public struct Use: Sendable, Hashable {
        /// Index of the node that reads.
        public let node: Int
        /// The number of its input.
        public let port: Int

        public init(node: Int, port: Int) {
            self.node = node
            self.port = port
        }
    }

    /// A copy of the graph in which other values take the place of some inputs.
    ///
    /// - Parameter replacement: as `input` of `GraphRewriter.copy`; called for every input of every node, in order.
    public func rewritten(_ replacement: (inout Graph, Use, Value) throws(GraphError) -> Value) throws(GraphError) -> Graph {
        var rewriter = GraphRewriter(self)
        for index in nodes.indices { try rewriter.copy(index, input: replacement) }
        return rewriter.result
    }

    /// Whether an output of the model, or its state, depends on each node. Inputs of the model count as needed.
    /// - Parameter reads: the values that the node at an index reads.
    func neededNodes(_ reads: (Int) -> [Value]) -> [Bool] {
        var isNeeded = nodes.map { ["Parameter", "Result", "Assign"].contains($0.type) }
        for index in nodes.indices.reversed() where isNeeded[index] {
            for value in reads(index) { isNeeded[value.node] = true }
        }
        return isNeeded
    }

    /// The graph without the nodes that no output of the model depends on. Inputs of the model stay.
    public func withoutUnread() throws(GraphError) -> Graph {
        let isNeeded = neededNodes { nodes[$0].inputs }
        var rewriter = GraphRewriter(self)
        for index in nodes.indices where isNeeded[index] { try rewriter.copy(index) }
        return rewriter.result
    }
}
