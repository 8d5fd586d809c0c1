import ModelGraph
import TensorStore
import Testing

@Suite struct GraphRewriterTests {
    private func graph() throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [2, 3])
        let sum = try graph.add(x, 1)
        graph.result(try graph.multiply(sum, sum), name: "y")
        return graph
    }

    @Test func nothingReplacedIsTheSameGraph() throws {
        let graph = try graph()
        let copy = try graph.rewritten { (_, _, value) throws(GraphError) in value }
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
        #expect(GraphIndex(graph).uses[graph.value(sum)] == [.init(node: product, port: 0), .init(node: product, port: 1)])
        #expect(zip(graph.nodes, GraphIndex(graph).isConstant).filter(\.1).map(\.0.type) == ["Const"])
    }

    @Test func aNodeThatWasLeftOutIsReportedWithItsReader() throws {
        let graph = try graph()
        let sum = try #require(graph.nodes.firstIndex { $0.type == "Add" })
        var rewriter = GraphRewriter(graph)
        #expect(throws: GraphError.structure(node: "Multiply", reason: "it reads 'Add', which is not in the graph before it")) {
            for index in graph.nodes.indices where index != sum { try rewriter.copy(index) }
        }
    }

    @Test func aReplacementTakesTheNames() throws {
        let graph = try graph()
        let product = try #require(graph.nodes.firstIndex { $0.type == "Multiply" })
        var rewriter = GraphRewriter(graph)
        for index in graph.nodes.indices {
            guard index == product else {
                try rewriter.copy(index)
                continue
            }
            let sum = try rewriter.moved(graph.nodes[index].inputs[0], reader: index)
            rewriter.replace(graph.value(index), with: try rewriter.result.unary(.relu, sum, name: "relu"), movesNames: true)
        }
        let copy = rewriter.result
        #expect(copy.nodes.map(\.type) == ["Parameter", "Const", "Add", "ReLU", "Result"])
        #expect(copy.nodes[3].outputs[0].names == ["y"] && copy.nodes[4].inputs.map(\.node) == [3])
    }

    @Test func randomNumbersAndStateAreNotConstant() throws {
        var graph = Graph()
        let one = graph.scalar(1)
        for (type, isConstant) in [("Sqrt", true), ("RandomUniform", false), ("ReadValue", false)] {
            var node = Node(name: type, type: type, opset: "opset1", inputs: [one])
            node.outputs = [.init(elementType: .f32, shape: [])]
            let index = graph.append(node)
            #expect(GraphIndex(graph).isConstant[index] == isConstant, "\(type)")
        }
    }
}

@Suite struct NodeAttributesTests {
    private let node = Node(
        name: "n", type: "T", opset: "opset1",
        attributes: [.init("a", "TRUE"), .init("b", "0"), .init("c", " 1, 2 ,-3"), .init("d", "1,x"), .init("e", "1e-5")])

    @Test func attributesHaveTypes() {
        #expect(node.flag("a") && !node.flag("b") && !node.flag("missing"))
        #expect(node.integers("c") == [1, 2, -3] && node.integers("d") == nil && node.integers("missing") == nil)
        #expect(node.integer("b") == 0 && node.integer("c") == nil && node.float("e") == 1e-5 && node.float("d") == nil)
    }
}

@Suite struct ChannelSmoothingTests {
    private func xml(_ smoothing: ChannelSmoothing?) throws -> String {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [2])
        let sum = try graph.unary(.relu, x, name: "sum")
        graph.annotate(sum.node, smoothing: smoothing)
        graph.result(sum, name: "y")
        return try graph.serialized().xml
    }

    private func read(_ text: String) throws -> Graph {
        try Array(text.utf8).withUnsafeBytes { try IRReader.read($0, file: "model.xml", weights: nil) }
    }

    @Test func irKeepsIt() throws {
        let smoothing = ChannelSmoothing(inputs: [1, 0.1, 3e-9], outputs: [2.5])
        let text = try xml(smoothing)
        #expect(text.contains(#"<attribute name="smoothing" version="0" inputs="1.0,0.1,3e-09" outputs="2.5"/>"#))
        let again = try read(text)
        #expect(again.nodes.first { $0.name == "sum" }?.smoothing == smoothing)
        #expect(try again.serialized().xml == text)
        #expect(try read(xml(nil)).nodes.allSatisfy { $0.smoothing == nil })
    }

    @Test func factorsThatAreNoNumbersAreRefused() throws {
        let text = try xml(ChannelSmoothing(inputs: [1, 2])).replacing("1.0,2.0", with: "1.0,two")
        #expect {
            try read(text)
        } throws: { "\($0)".contains("layer 'sum': its smoothing factors are not numbers separated by commas") }
    }
}
