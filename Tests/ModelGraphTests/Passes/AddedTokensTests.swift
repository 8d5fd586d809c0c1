import ModelGraph
import TensorStore
import Testing

@Suite struct AddedTokensTests {
    private static let table: [Float] = (0..<10).map { Float($0) / 8 - 0.5 }
    private static let rows: [Float] = [100.03, -7.001, 200.07, 9.002]

    /// A table `[5, 2]` with the rows of `input_ids` taken, and something after it.
    private func encoder(
        _ type: ElementType = .i64, ids shape: PartialShape = [2, 3],
        table: (inout Graph) throws -> Value = { $0.constant(Self.table, shape: [5, 2], name: "table") },
        indices: (inout Graph, Value) throws -> Value = { $1 }
    ) throws -> Graph {
        var graph = Graph()
        let ids = graph.parameter("input_ids", type, shape)
        let places = graph.parameter("position_ids", type, shape)
        let found = try graph.gather(table(&graph), indices(&graph, ids), name: "lookup")
        let positions = try graph.gather(graph.constant([Float](repeating: 0, count: 6), shape: [3, 2]), places)
        let embedded = found.elementType == .f32 ? found : graph.convert(found, to: .f32)
        graph.result(try graph.add(embedded, positions, name: "sum"), name: "y")
        return graph
    }

    private func extended(_ graph: Graph, firstID: Int = 5) throws -> Graph {
        try graph.addingTokens(Tensor(Self.rows, shape: [2, 2]), firstID: firstID)
    }

    private func expected(_ ids: [Int64], firstID: Int = 5) -> [Float] {
        ids.map(Int.init).flatMap { id -> ArraySlice<Float> in
            let (source, row) = id < firstID ? (Self.table, id) : (Self.rows, id - firstID)
            return source[2 * row..<2 * row + 2]
        }
    }

    private static let ids: [Int64] = [0, 5, 4, 6, 6, 1]

    private func embeddings(_ graph: Graph, _ ids: [Int64] = Self.ids) throws -> [Float] {
        let places = try Tensor([Int64](repeating: 0, count: ids.count), shape: [2, ids.count / 2])
        return try run(graph, [Tensor(ids, shape: places.shape), places])[0].elements()
    }

    @Test func addedTokensTakeAddedRows() throws {
        #expect(try embeddings(extended(encoder())) == expected(Self.ids))
    }

    @Test func tokensOfOldTakeTheirs() throws {
        let graph = try encoder()
        let ids: [Int64] = [0, 1, 2, 3, 4, 0]
        #expect(try embeddings(extended(graph), ids) == embeddings(graph, ids))
    }

    /// The table may have rows that no token of the tokenizer stands for.
    @Test func addedTokensMayBeginWithinTheTable() throws {
        let ids: [Int64] = [0, 3, 2, 4, 4, 1]
        #expect(try embeddings(extended(encoder(), firstID: 3), ids) == expected(ids, firstID: 3))
    }

    /// Added rows keep what the table's type could not hold, as in transformers, where the table grows in f32.
    @Test func halfPrecisionTables() throws {
        let half = try encoder { graph in
            let table = try Tensor(Self.table, shape: [5, 2]).converted(to: .f16)
            return graph.constant(.bytes(table.withUnsafeBytes { Array($0) }), .f16, [5, 2])
        }
        #expect(try embeddings(extended(half)) == expected(Self.ids))
        let decompressed = try encoder { graph in
            let table = try Tensor(Self.table, shape: [5, 2]).converted(to: .f16)
            return graph.weights(.bytes(table.withUnsafeBytes { Array($0) }), .f16, [5, 2], name: "table")
        }
        #expect(try embeddings(extended(decompressed)) == expected(Self.ids))
    }

    /// As NNCF compresses embeddings: whole numbers, a zero point and a scale.
    @Test func compressedTables() throws {
        let graph = try encoder { graph in
            let numbers = graph.convert(graph.constant((0..<10).map(UInt8.init), shape: [5, 2]), to: .f32)
            let centred = try graph.binary(.subtract, numbers, graph.constant([Float](repeating: 4, count: 5), shape: [5, 1]))
            return try graph.multiply(centred, by: 0.125)
        }
        #expect(try embeddings(extended(graph)) == expected(Self.ids))
    }

    /// Traced encoders flatten the ids and change their type first.
    @Test func idsThatAreReshapedAndConverted() throws {
        let graph = try encoder(
            ids: [.any, .any],
            indices: { graph, ids in
                graph.convert(try graph.reshape(ids, to: [-1, 3]), to: .i32)
            })
        #expect(try embeddings(extended(graph)) == expected(Self.ids))
        try withTemporaryFolder { folder in
            try graph.writeIR(xml: folder + "/encoder.xml")
            #expect(try embeddings(extended(IRReader.read(path: folder + "/encoder.xml"))) == expected(Self.ids))
        }
    }

    @Test func oneRowIsEnough() throws {
        let graph = try encoder().addingTokens(Tensor([3, 4] as [Float], shape: [1, 2]), firstID: 5)
        #expect(try embeddings(graph, [5, 0, 5, 5, 4, 0])[..<6] == [3, 4, -0.5, -0.375, 3, 4])
    }

    @Test func nothingAddedIsTheSameGraph() throws {
        let graph = try encoder()
        #expect(try graph.addingTokens(Tensor(zeros: [0, 2]), firstID: 5).nodes.map(\.name) == graph.nodes.map(\.name))
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let graph = try encoder()
        func expect(_ part: String, _ change: () throws -> Graph, sourceLocation: SourceLocation = #_sourceLocation) {
            let error = #expect(throws: GraphError.self, sourceLocation: sourceLocation) { try change() }
            #expect(error?.description.contains(part) == true, "\(String(describing: error))", sourceLocation: sourceLocation)
        }
        expect("table's width, [5, 2]") { try graph.addingTokens(Tensor(zeros: [1, 3]), firstID: 5) }
        expect("they are f16") { try graph.addingTokens(Tensor(zeros: [1, 2], of: .f16), firstID: 5) }
        expect("6 tokens do not fit the table's 5 rows") { try extended(graph, firstID: 6) }
        expect("0 tokens") { try extended(graph, firstID: 0) }
        expect("no table of tokens") { try graph.addingTokens(Tensor(zeros: [1, 2]), firstID: 5, input: "prompt") }
        var twice = graph
        let again = try twice.gather(twice.constant(Self.table, shape: [5, 2]), twice.value(0))
        twice.result(again, name: "z")
        expect("2 tables") { try extended(twice) }
    }
}
