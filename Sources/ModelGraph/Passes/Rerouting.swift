extension Graph {
    /// The graph in which the nodes that read the value of one output read that of another in its place. The outputs stay.
    /// - Parameters:
    ///   - name: an output that is computed before `other`.
    ///   - other: the output whose readers change.
    /// - Throws: `GraphError.structure` where the graph lacks one of the outputs.
    public func reading(outputNamed name: String, inPlaceOf other: String) throws(GraphError) -> Graph {
        let old = try output(named: other)
        let new = try output(named: name)
        return try rewritten { (graph, use, value) throws(GraphError) in
            // Without other changes, nodes keep their places.
            guard nodes[use.node].inputs[use.port] == old, nodes[use.node].type != "Result" else { return value }
            return graph.value(new.node, port: new.port)
        }
    }

    private func output(named name: String) throws(GraphError) -> Value {
        guard let value = resultValue(named: name) else {
            throw .structure(node: self.name, reason: "it has no output '\(name)'")
        }
        return value
    }
}
