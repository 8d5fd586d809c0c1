import Inference
import ModelGraph
import TensorStore
import Testing

@Suite struct ConstantFoldingTests {
    @Test func selectedPartsBecomeConstants() async throws {
        var graph = Graph(name: "sum")
        let x = graph.parameter("x", .f32, [2, 2])
        let stored = graph.constant([Float](arrayLiteral: 1, 2, 3, 4), shape: [2, 2], name: "w")
        let halves = graph.convert(graph.convert(stored, to: .f16, name: "half"), to: .f32, name: "kept")
        let up = graph.constant([Float](arrayLiteral: 1, -1), shape: [2, 1], name: "up")
        let down = graph.constant([Float](arrayLiteral: 10, 20), shape: [1, 2], name: "down")
        let sum = try graph.add(stored, graph.matMul(up, down, name: "new/MatMul"), name: "new/Add")
        let product = try graph.matMul(x, sum, name: "product")
        graph.result(try graph.add(product, halves, name: "y"), name: "out")

        let folded = try await graph.foldingConstants { $0.name.hasPrefix("new/") }
        #expect(!folded.nodes.contains { $0.name == "new/MatMul" || $0.name == "up" })
        let constant = try #require(folded.nodes.indices.first { folded.nodes[$0].name == "new/Add" })
        #expect(folded.constantFloats(folded.value(constant)) == [11, 22, -7, -16])
        #expect(folded.nodes.contains { $0.name == "half" }, "what is not selected stays")
        let input = ["x": try Tensor([Float](arrayLiteral: 1, 0, 0, 1), shape: [2, 2])]
        let found = try await Executable("folded", SizedGraph(folded)).run(input)["out"]?.elements(as: Float.self)
        #expect(found == [12, 24, -4, -12])
    }
}
