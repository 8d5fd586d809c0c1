public import TensorStore

extension Graph {
    /// The graph of a text encoder with added tokens: ids from `firstID` on select `rows`.
    ///
    /// The rows are beside the table, which stays in its file or in its compressed form. Ids below `firstID` are looked up in the
    /// table, other ids in `rows`. The result equals that of transformers' `resize_token_embeddings` with these rows. The
    /// position of the pooled state is the same too: encoders whose config has `eos_token_id` 2 take it at the largest id, and
    /// thus at an added token.
    ///
    /// - Parameters:
    ///   - rows: `[k, width]` f32.
    ///   - firstID: the tokenizer's number of tokens before the addition; at most the rows of the table.
    ///   - input: the model's input for ids, `[B, N]` i32 or i64.
    /// - Throws: `.structure` if the graph does not look up rows of a table by that input, or the rows do not fit the table.
    public func addingTokens(_ rows: Tensor, firstID: Int, input: String = "input_ids") throws(GraphError) -> Graph {
        let lookup = try tokenLookup(input)
        let table = nodes[lookup].inputs[0]
        guard let size = table.shape.fixed, rows.shape.rank == 2, rows.shape[1] == size[1], rows.elementType == .f32 else {
            throw .structure(
                node: nodes[lookup].name,
                reason: "added rows must be f32 of the table's width, \(table.shape); they are \(rows.elementType) \(rows.shape)")
        }
        guard firstID >= 1, firstID <= size[0] else {
            throw .structure(
                node: nodes[lookup].name,
                reason: "the tokenizer's \(firstID) tokens do not fit the table's \(size[0]) rows")
        }
        guard rows.shape[0] > 0 else { return self }
        var joined: Value?
        return try rewritten { (graph, use, value) throws(GraphError) in
            if use == Use(node: lookup, port: 1) {
                let last = try graph.integer(firstID - 1, like: value)
                return try graph.binary(.minimum, value, last, name: "\(nodes[lookup].name)/Known")
            }
            guard nodes[use.node].inputs[use.port].node == lookup else { return value }
            let all: Value
            if let joined { all = joined } else { all = try graph.withAddedRows(value, rows, firstID) }
            joined = all
            // A compressed table is followed by a conversion. Added rows keep their full precision.
            let isConverted = nodes[use.node].type == "Convert" || value.elementType == .f32
            return isConverted ? all : graph.convert(all, to: value.elementType)
        }
    }

    /// The node that looks up rows of a constant table by the ids of `input`, after changes of type and shape only.
    private func tokenLookup(_ input: String) throws(GraphError) -> Int {
        let constant = GraphIndex(self).isConstant
        let found = nodes.indices.filter { index in
            let node = nodes[index]
            guard node.type == "Gather", node.inputs.count == 3, constant[node.inputs[0].node], node.inputs[0].shape.rank == 2
            else { return false }
            var source = node.inputs[1]
            while ["Convert", "Reshape", "Squeeze", "Unsqueeze"].contains(nodes[source.node].type) {
                source = nodes[source.node].inputs[0]
            }
            let origin = nodes[source.node]
            return origin.type == "Parameter" && (origin.name == input || origin.outputs[0].names.contains(input))
        }
        guard let lookup = found.first, found.count == 1 else {
            throw .structure(
                node: input,
                reason: found.isEmpty
                    ? "no table of tokens is read by this input; tokens can be added to text encoders only"
                    : "\(found.count) tables are read by this input; which one holds the tokens is not known")
        }
        return lookup
    }

    /// The result of a lookup, `[…, width]` f32, with `rows` at the positions of ids from `firstID` on.
    private mutating func withAddedRows(_ found: Value, _ rows: Tensor, _ firstID: Int) throws(GraphError) -> Value {
        let lookup = nodes[found.node]
        // The original ids, before `minimum`.
        let ids = nodes[lookup.inputs[1].node].inputs[0]
        guard let rank = ids.shape.rank else { throw refusal("Gather", [ids], "the rank of the ids must be known") }
        let name = lookup.name
        let table = constant(
            .bytes(rows.withUnsafeBytes { Array($0) }), .f32, rows.shape, name: "\(name)/added_tokens")
        let place = try binary(.subtract, ids, integer(firstID, like: ids))
        let added = try gather(
            table, binary(.maximum, place, integer(0, like: ids)), name: "\(name)/Added")
        let isAdded = try unsqueeze(greaterEqual(ids, integer(firstID, like: ids)), [rank])
        let stored = found.elementType == .f32 ? found : convert(found, to: .f32)
        return try select(isAdded, added, stored, name: "\(name)/Select")
    }

    /// A number of the type of `ids`, i32 or i64.
    private mutating func integer(_ value: Int, like ids: Value) throws(GraphError) -> Value {
        switch ids.elementType {
        case .i64: constant([Int64(value)], shape: [])
        case .i32: constant([Int32(clamping: value)], shape: [])
        default: throw refusal("Gather", [ids], "ids must be i32 or i64")
        }
    }
}
