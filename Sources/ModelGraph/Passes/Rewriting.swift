extension Graph {
    /// One place where a node reads a value.
    public struct Use: Sendable, Hashable {
        /// Index of the node that reads.
        public let node: Int
        /// Which of its inputs.
        public let port: Int

        public init(node: Int, port: Int) {
            self.node = node
            self.port = port
        }
    }

    /// A copy of the graph in which other values take the place of some inputs.
    ///
    /// - Parameter replacement: called for every input of every node, in order, with the graph under construction (to which it
    ///   may append), the use in this graph, and the value as the copy has it; returns what the node shall read.
    public func rewritten<Failure: Error>(
        _ replacement: (inout Graph, Use, Value) throws(Failure) -> Value
    ) throws(Failure) -> Graph {
        var copy = Graph(name: name)
        copy.runtimeInfo = runtimeInfo
        var places: [Int] = []
        places.reserveCapacity(nodes.count)
        for (index, original) in nodes.enumerated() {
            var node = original
            for (port, input) in original.inputs.enumerated() {
                let value = copy.value(places[input.node], port: input.port)
                node.inputs[port] = try replacement(&copy, Use(node: index, port: port), value)
            }
            places.append(copy.append(node))
        }
        return copy
    }

    /// Every use of each value.
    public var uses: [Value: [Use]] {
        var uses: [Value: [Use]] = [:]
        for (index, node) in nodes.enumerated() {
            for (port, input) in node.inputs.enumerated() { uses[input, default: []].append(Use(node: index, port: port)) }
        }
        return uses
    }

    /// Whether each node depends on no input of the model, so that the runtime computes it once, when it compiles.
    public var constantNodes: [Bool] {
        var constant: [Bool] = []
        for node in nodes {
            constant.append(
                node.type != "Parameter" && node.type != "ReadValue" && node.bodies.isEmpty
                    && (isConstant(node.type) || !node.inputs.isEmpty && node.inputs.allSatisfy { constant[$0.node] }))
        }
        return constant
    }
}
