import ModelGraph
import OpenVINO
import TensorStore
import TestSupport
import Testing

@Suite struct StateTests {
    /// y = sum of all x so far.
    private func sum() throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 2])
        let before = try graph.readValue("sum", initial: graph.constant([10 as Float, 20], shape: [1, 2]))
        let after = try graph.add(before, x)
        try graph.assign(after, to: "sum")
        graph.result(after, name: "y")
        return graph
    }

    /// y = all x so far, one below the other.
    private func cache() throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 1, 2])
        let empty = graph.constant([Float](), shape: [1, 0, 2])
        let before = try graph.readValue("cache", initial: empty, shape: [1, .any, 2])
        let after = try graph.concatenate([before, x], axis: 1)
        try graph.assign(after, to: "cache")
        graph.result(after, name: "y")
        return graph
    }

    private func x(_ values: Float...) throws -> [Tensor] { [try Tensor(values, shape: [1, 2])] }

    @Test func valuesStayFromRunToRun() throws {
        #expect(try sum().variables == ["sum"])
        let model = try Core.shared.compile(runtimeModel(sum()), properties: .exact)
        let first = try model.makeRequest()
        #expect(try run(first, x(1, 2))[0].elements() == [11 as Float, 22])
        #expect(try run(first, x(1, 2))[0].elements() == [12 as Float, 24])
        // Each request has variables of its own.
        #expect(try run(model.makeRequest(), x(5, 5))[0].elements() == [15 as Float, 25])
        #expect(try run(first, x(0, 1))[0].elements() == [12 as Float, 25])
    }

    @Test func cachesGrow() throws {
        let graph = try cache()
        #expect(graph.nodes.first { $0.type == "ReadValue" }?.outputs[0].shape == [1, .any, 2])
        let request = try Core.shared.compile(runtimeModel(graph), properties: .exact).makeRequest()
        for length in 1...3 {
            let output = try run(request, [Tensor([Float(length), 0], shape: [1, 1, 2])])[0]
            #expect(output.shape == [1, length, 2])
            #expect(try output.elements() == (1...length).flatMap { [Float($0), 0] })
        }
    }

    /// The first value may be computed from an input; it counts in the first run alone.
    @Test func firstValuesFromInputs() throws {
        var graph = Graph()
        let input = graph.parameter("x", .f32, [1, 2])
        let kept = try graph.readValue("first", initial: input)
        try graph.assign(kept, to: "first")
        graph.result(kept, name: "y")
        let request = try Core.shared.compile(runtimeModel(graph), properties: .exact).makeRequest()
        for value in [3, 4, 5] as [Float] {
            #expect(try run(request, x(value, value))[0].elements() == [3 as Float, 3])
        }
    }

    @Test func stateSurvivesIR() throws {
        try withTemporaryFolder { folder in
            try cache().writeIR(xml: folder + "/cache.xml")
            let read = try IRReader.read(path: folder + "/cache.xml")
            #expect(read.variables == ["cache"])
            let request = try Core.shared.compile(runtimeModel(read), properties: .exact).makeRequest()
            for length in 1...2 {
                #expect(try run(request, [Tensor([1 as Float, 2], shape: [1, 1, 2])])[0].shape == [1, length, 2])
            }
        }
    }

    /// The passes keep an Assign, which no output of the model reads.
    @Test func rewritersKeepState() throws {
        let copy = try sum().rewritten { _, _, value in value }
        #expect(copy.nodes.map(\.type) == (try sum().nodes.map(\.type)))
        #expect(throws: GraphError.self) { try sum().stages([["x"]]) }
    }

    @Test func refusals() throws {
        expectRefusal("ReadValue", "of the shape [1, 3]", (.f32, [1, 2])) {
            try $0.readValue("v", initial: $1[0], shape: [1, 3])
        }
        for (type, shape) in [(.i32, [1, 2]), (.f32, [1, 3])] as [(ElementType, PartialShape)] {
            expectRefusal("Assign", "the variable's type and shape", (type, shape), (.f32, [1, 2])) { graph, x in
                let read = try graph.readValue("v", initial: x[1])
                try graph.assign(x[0], to: "v")
                return read
            }
        }
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 2])
        func refuse(_ reason: String, _ body: (inout Graph) throws -> Void) {
            let error = #expect(throws: GraphError.self) { try body(&graph) }
            #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        }
        refuse("needs an identifier") { _ = try $0.readValue("", initial: x) }
        refuse("'v' must be read once") { try $0.assign(x, to: "v") }
        _ = try graph.readValue("v", initial: x)
        refuse("'v' is read already") { _ = try $0.readValue("v", initial: x) }
        try graph.assign(x, to: "v")
        refuse("stored once") { try $0.assign(x, to: "v") }
    }
}
