import ModelGraph
import TensorStore
import Testing

@Suite struct RewritingTests {
    private func graph() throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [2, 3])
        let sum = try graph.add(x, 1)
        graph.result(try graph.multiply(sum, sum), name: "y")
        return graph
    }

    @Test func nothingReplacedIsTheSameGraph() throws {
        let graph = try graph()
        let copy = graph.rewritten { _, _, value in value }
        #expect(copy.nodes.map(\.name) == graph.nodes.map(\.name))
        #expect(copy.nodes.map(\.inputs) == graph.nodes.map(\.inputs))
        #expect(try copy.serialized().xml == graph.serialized().xml)
    }

    @Test func oneUseIsReplacedAndTheOtherIsNot() throws {
        let graph = try graph()
        let product = try #require(graph.nodes.firstIndex { $0.type == "Multiply" })
        let copy = try graph.rewritten { (copy, use, value) throws(GraphError) in
            use == Graph.Use(node: product, port: 1) ? try copy.unary(.relu, value, name: "between") : value
        }
        let rewritten = try #require(copy.nodes.first { $0.type == "Multiply" })
        #expect(rewritten.inputs.map { copy.nodes[$0.node].type } == ["Add", "ReLU"])
        #expect(copy.nodes.count == graph.nodes.count + 1)
    }

    @Test func usesAndConstantNodes() throws {
        let graph = try graph()
        let sum = try #require(graph.nodes.firstIndex { $0.type == "Add" })
        let product = try #require(graph.nodes.firstIndex { $0.type == "Multiply" })
        #expect(graph.uses[graph.value(sum)] == [.init(node: product, port: 0), .init(node: product, port: 1)])
        #expect(zip(graph.nodes, graph.constantNodes).filter(\.1).map(\.0.type) == ["Const"])
    }
}
