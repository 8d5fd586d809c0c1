import ModelGraph
import TensorStore
import Testing

@Suite struct ReroutingTests {
    private func graph() throws -> Graph {
        var graph = Graph(name: "layers")
        let x = graph.parameter("x", .f32, [2])
        let first = try graph.add(x, x, name: "first")
        let second = try graph.multiply(first, first, name: "second")
        graph.result(first, name: "state.1")
        graph.result(second, name: "state.2")
        graph.result(try graph.add(second, graph.scalar(1), name: "last"), name: "out")
        return graph
    }

    @Test func readersChangeAndOutputsStay() throws {
        let changed = try graph().reading(outputNamed: "state.1", inPlaceOf: "state.2")
        let last = try #require(changed.nodes.first { $0.name == "last" })
        #expect(changed.nodes[last.inputs[0].node].name == "first")
        for name in ["state.1", "state.2", "out"] { #expect(changed.hasResult(named: name)) }
    }

    @Test func unknownOutputsAreNamed() throws {
        #expect { try graph().reading(outputNamed: "state.3", inPlaceOf: "state.2") } throws: { "\($0)".contains("'state.3'") }
    }
}
