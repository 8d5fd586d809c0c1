import ModelGraph
import OpenVINO
import TensorStore
import TestSupport
import Testing

@Suite struct ConstantFoldingTests {
    /// A convolution whose kernel is computed as upsampling convolutions compute theirs, from weights in f16 or f32.
    private func network(_ type: ElementType, transposed: Bool = false) throws -> Graph {
        var graph = Graph(name: "folding")
        let x = graph.parameter("x", .f32, [1, 5, 6, 6])
        let numbers = (0..<315).map { Float($0 * 37 % 101) / 64 - 0.75 }
        let data = type == .f16 ? bytes(numbers.map(HalfPrecision.f16)) : bytes(numbers)
        let stored = graph.weights(.bytes(data), type, [7, 5, 3, 3], name: "weight")
        var sums = [Float](repeating: 0, count: 36)
        for (row, column) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (6, 2), (7, 2), (8, 3)] {
            sums[transposed ? column * 9 + row : row * 4 + column] = 1
        }
        let kernel = try graph.matMul(
            graph.reshape(stored, to: [35, 9]), graph.constant(sums, shape: transposed ? [4, 9] : [9, 4], name: "sums"),
            transposeB: transposed)
        let factors = graph.constant([1, 0.5, 2, -1, 3, 0.25, 1.5] as [Float], shape: [7, 1, 1, 1], name: "factors")
        let scaled = try graph.multiply(graph.reshape(kernel, to: [7, 5, 2, 2], name: "small"), factors, name: "kernel")
        graph.result(try graph.convolution(x, scaled, padding: [1, 0], paddingEnd: [0, 1], name: "conv"), name: "y")
        return graph
    }

    private func folded(_ graph: Graph) throws -> Graph {
        try graph.foldingConstants([try #require(graph.nodes.firstIndex { $0.name == "kernel" })])
    }

    @Test(arguments: [ElementType.f16, .f32], [false, true])
    func foldedNetworkComputesTheSame(type: ElementType, transposed: Bool) throws {
        let graph = try network(type, transposed: transposed)
        let folded = try folded(graph)
        #expect(folded.nodes.map(\.type) == ["Parameter", "Const", "Convolution", "Result"])
        let x = try ramp([1, 5, 6, 6], scale: 0.03, shift: 2)
        #expect(try run(folded, [x])[0].elements(as: Float.self) == run(graph, [x])[0].elements(as: Float.self))
    }

    /// What the runtime makes of the constants, number for number.
    @Test func constantIsTheRuntimes() throws {
        let graph = try network(.f16)
        let kernel = try #require(graph.nodes.firstIndex { $0.name == "kernel" })
        var shown = graph
        shown.result(shown.value(kernel), name: "kernel")
        let reference = try #require(run(shown, [ramp([1, 5, 6, 6])]).last)
        let constant = try #require(folded(graph).nodes.first { $0.name == "kernel" })
        let data = try #require(constant.constant)
        #expect(data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) } == (try reference.elements()))
        #expect(constant.outputs[0].shape == [7, 5, 2, 2])
    }

    @Test func whatOthersReadStays() throws {
        var graph = try network(.f32)
        let small = try #require(graph.nodes.firstIndex { $0.name == "small" })
        graph.result(graph.value(small), name: "other")
        let folded = try folded(graph)
        #expect(folded.nodes.contains { $0.name == "small" } && folded.nodes.contains { $0.name == "sums" })
        #expect(!folded.nodes.contains { $0.name == "factors" })
    }

    @Test func unknownOperationsAndPlainConstantsStay() throws {
        var graph = Graph()
        let constant = graph.constant([1, 4, 9] as [Float], shape: [3], name: "plain")
        let root = try graph.unary(.sqrt, constant, name: "root")
        let x = graph.parameter("x", .f32, [3])
        graph.result(try graph.add(graph.multiply(x, constant), graph.multiply(root, constant, name: "product")), name: "y")
        let folded = try graph.foldingConstants(Set(graph.nodes.indices))
        #expect(folded.nodes.map(\.name) == graph.nodes.map(\.name))
        #expect(folded.nodes.map(\.type) == graph.nodes.map(\.type))
    }
}
