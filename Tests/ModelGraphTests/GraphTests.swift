import ModelGraph
import OpenVINO
import TensorStore
import Testing

@Suite struct GraphTests {
    @Test func namesFollowTheScope() throws {
        var graph = Graph(name: "net")
        let x = graph.parameter("x", .f32, [2])
        let outside = try graph.unary(.relu, x)
        let inside = try graph.within("down_blocks.0") { (graph) throws(GraphError) in
            try graph.within("resnets.1") { (graph) throws(GraphError) in try graph.unary(.relu, outside) }
        }
        #expect(graph.nodes[outside.node].name == "ReLU")
        #expect(graph.nodes[inside.node].name == "down_blocks.0.resnets.1/ReLU")
        #expect(graph.scope.isEmpty)
    }

    @Test func scopeEndsWithAnError() {
        struct Stop: Error {}
        var graph = Graph()
        #expect(throws: Stop.self) { try graph.within("a") { _ in throw Stop() } }
        #expect(graph.scope.isEmpty)
    }

    @Test func namesAreUnique() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [2])
        for name in ["y", "y", "y_1", "y", "y_1"] { _ = try graph.unary(.relu, x, name: name) }
        #expect(graph.nodes.dropFirst().map(\.name) == ["y", "y_1", "y_1_1", "y_2", "y_1_2"])
    }

    @Test func manyOfOneNameAreQuick() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [2])
        let time = ContinuousClock().measure { for _ in 0..<20_000 { _ = graph.shapeOf(x) } }
        #expect(Set(graph.nodes.map(\.name)).count == 20_001)
        #expect(time < .seconds(5))
    }

    @Test func parametersAndResultsKeepTheirOrder() throws {
        var graph = Graph()
        let a = graph.parameter("a", .f32, [2])
        let sum = try graph.add(a, graph.parameter("b", .f32, [2]))
        graph.result(sum, name: "sum")
        graph.result(try graph.multiply(sum, graph.parameter("c", .f32, [1])), name: "product")
        graph.result(sum, name: "sum too")
        #expect(graph.parameters.map(\.name) == ["a", "b", "c"])
        #expect(graph.results.map(\.name) == ["sum/sink", "product/sink", "sum too/sink"])
        #expect(graph.nodes[sum.node].outputs[0].names == ["sum", "sum too"])

        let model = try runtimeModel(graph)
        #expect(try model.inputs.map(\.name) == ["a", "b", "c"])
        #expect(try model.outputs.count == 3)
        let inputs = [try Tensor([1, 2] as [Float], shape: [2]), try ramp([2]), try Tensor([3] as [Float], shape: [1])]
        #expect(try run(model, inputs).map { try $0.elements(as: Float.self) } == [[1, 3], [3, 9], [1, 3]])
        #expect(try model.output("sum too").shape == [2])
    }

    @Test func valueNamesAnOutput() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [2, 5])
        let place = try graph.argMax(x, axis: 1)
        #expect(graph.value(place.node, port: 1) == place)
        #expect(graph.value(place.node).elementType == .f32)
    }

    @Test func attributesAreReadAndWritten() {
        var node = Node(name: "n", type: "T", opset: "opset1", attributes: [.init("a", "1"), .init("b", "2")])
        node[attribute: "a"] = nil
        node[attribute: "b"] = "3"
        node[attribute: "c"] = "4"
        node[attribute: "d"] = nil
        #expect(node.attributes == [.init("b", "3"), .init("c", "4")])
        #expect(node[attribute: "a"] == nil)
        #expect(node[attribute: "c"] == "4")
    }
}
