import ModelGraph
import OpenVINO
import TensorStore
import Testing

@Suite struct InputsTests {
    @Test func parametersHaveTheShapeTheyAreGiven() throws {
        var graph = Graph()
        let shapes: [PartialShape] = [
            [], [2, 3], [.any, .dynamic(minimum: 1, maximum: 8), .dynamic(minimum: 2, maximum: nil)], .any,
        ]
        for (index, shape) in shapes.enumerated() {
            let x = graph.parameter("x\(index)", .f32, shape)
            graph.result(try graph.unary(.relu, x), name: "y\(index)")
        }
        let ports = try runtimeModel(graph).inputs
        #expect(ports.map(\.shape) == shapes)
        #expect(ports.map(\.name) == ["x0", "x1", "x2", "x3"])
    }

    @Test(arguments: ElementType.allCases.filter { $0 != .dynamic && $0 != .string }) func parametersHaveTheirType(
        _ type: ElementType
    ) throws {
        var graph = Graph()
        graph.result(graph.parameter("x", type, [4]), name: "y")
        #expect(try runtimeModel(graph).input("x").elementType == type)
    }

    @Test func constantsKeepTheirElements() throws {
        var graph = Graph()
        graph.result(graph.constant([1, -2, 3] as [Float], shape: [3]), name: "f32")
        graph.result(graph.integers([1 << 30, -7]), name: "i64")
        graph.result(graph.scalar(0.5), name: "scalar")
        graph.result(graph.constant([1, 2, 3, 4, 5, 6] as [UInt8], shape: [1, 6]), name: "u8")
        graph.result(graph.constant([] as [Float], shape: [0, 3]), name: "empty")
        let model = try runtimeModel(graph)
        #expect(try model.outputs.map(\.shape) == [[3], [2], [], [1, 6], [0, 3]])
        let outputs = try run(graph)
        #expect(try outputs[0].elements(as: Float.self) == [1, -2, 3])
        #expect(try outputs[1].elements(as: Int64.self) == [1 << 30, -7])
        #expect(try outputs[2].elements(as: Float.self) == [0.5])
        #expect(try outputs[3].elements(as: UInt8.self) == [1, 2, 3, 4, 5, 6])
    }

    @Test func weightsAreMarkedAsDecompression() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 2])
        let half = graph.weights(.bytes(bytes([0x3C00, 0x4000] as [UInt16])), .f16, [2, 1], name: "half")
        let full = graph.weights(.bytes(bytes([3] as [Float])), .f32, [1], name: "full")
        #expect(half.elementType == .f32)
        #expect(graph.nodes[half.node].type == "Convert")
        #expect(graph.nodes[half.node].runtimeInfo == [XMLElement("attribute", ["name": "decompression", "version": "0"])])
        #expect(graph.nodes[full.node].type == "Const")
        graph.result(try graph.multiply(graph.matMul(x, half), full), name: "y")
        #expect(try graph.serialized().xml.contains(#"<attribute name="decompression" version="0"/>"#))
        #expect(try run(graph, [Tensor([5, 7] as [Float], shape: [1, 2])])[0].elements(as: Float.self) == [57])
    }

    @Test func convertChangesTheType() throws {
        try check((.f32, [.any, 2]), expected: [.any, 2]) { graph, x in graph.convert(x[0], to: .i64) }
        let found = try compute(try Tensor([1.9, -2.9] as [Float], shape: [2])) { graph, x in graph.convert(x[0], to: .i32) }
        #expect(try found.elements(as: Int32.self) == [1, -2])
    }
}
