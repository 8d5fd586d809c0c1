@testable import ModelGraph
import OpenVINO
import TensorStore
import Testing

@Suite struct NotationTests {
    @Test func shapesAreReadAsTheyAreWritten() {
        let shapes: [(String, PartialShape)] = [
            ("", []), ("...", .any), ("3", [3]), ("1,0,8", [1, 0, 8]),
            ("?,2..8,4..", [.any, .dynamic(minimum: 2, maximum: 8), .dynamic(minimum: 4, maximum: nil)]),
            ("0..8", [.dynamic(minimum: 0, maximum: 8)]),
        ]
        for (text, shape) in shapes {
            #expect(shape.irDescription == text)
            #expect(PartialShape(irDescription: text) == shape)
        }
        #expect(PartialShape(irDescription: " 1, -1 ,..8, 3..3 ") == [1, .any, .dynamic(minimum: 0, maximum: 8), 3])
        for text in ["1,", ",", "a", "1 2", "-2", "3..2", "..-1", "1...3", "9223372036854775808", "1.5", "[1]"] {
            #expect(PartialShape(irDescription: text) == nil, "\(text)")
        }
    }

    @Test func namesAreEscapedAsTheRuntimeDoes() throws {
        let names = ["a", "with,comma", "back\\slash", "\\,", ",", "ü,\u{301}x", "end\\"]
        let text = try #require(irNames(names))
        #expect(text == "a,with\\,comma,back\\slash,\\\\,,\\,,ü\\,\u{301}x,end\\")
        #expect(tensorNames(text) == names)
        #expect(irNames(["end\\", "a"]) == nil)
        #expect(tensorNames("") == [])
        #expect(tensorNames(",,a,") == ["a"])

        // A name that ends in a backslash comes last, or not at all.
        var graph = Graph()
        let y = try graph.unary(.relu, graph.parameter("x", .f32, [1]))
        for name in names { graph.result(y, name: name) }
        let model = try runtimeModel(graph)
        for name in names { #expect(try model.output(name).shape == [1]) }
        graph.result(y, name: "one more")
        #expect(throws: GraphError.self) { try graph.serialized() }
    }

    @Test func precisionsAreThoseOfTheRuntime() {
        #expect(ElementType.allCases.allSatisfy { ElementType(irPrecision: $0.irPrecision) == $0 })
        let words: [(ElementType, String)] = [
            (.boolean, "BOOL"), (.f16, "FP16"), (.f32, "FP32"), (.f64, "FP64"), (.bf16, "BF16"), (.u1, "BIN"), (.i4, "I4"),
            (.nf4, "NF4"),
            (.f8e4m3, "F8E4M3"), (.string, "STRING"), (.dynamic, "UNSPECIFIED"),
        ]
        for (type, word) in words { #expect(type.irPrecision == word) }
        #expect(ElementType(irPrecision: "fp32") == nil)
    }
}
