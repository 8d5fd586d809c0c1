import Foundation
import ModelGraph
import TensorStore
import TestSupport
import Testing

@Suite struct ElementwiseTests {
    @Test(arguments: Graph.Binary.allCases) func binaryBroadcasts(_ operation: Graph.Binary) throws {
        try check((.f32, [2, 1, 4]), (.f32, [3, 1]), expected: [2, 3, 4]) { try $0.binary(operation, $1[0], $1[1]) }
        try check((.f32, [.any, 4]), (.f32, [3, 1]), expected: [3, 4]) { try $0.binary(operation, $1[0], $1[1]) }
        try check((.i64, [.any]), (.i64, [.dynamic(minimum: 1, maximum: 8)]), expected: [.any]) {
            try $0.binary(operation, $1[0], $1[1])
        }
        try check((.f16, []), (.f16, []), expected: []) { try $0.binary(operation, $1[0], $1[1]) }
        expectRefusal(operation.rawValue, "broadcast", (.f32, [2, 3]), (.f32, [3, 2])) { try $0.binary(operation, $1[0], $1[1]) }
        expectRefusal(operation.rawValue, "one type", (.f32, [2]), (.f16, [2])) { try $0.binary(operation, $1[0], $1[1]) }
        expectRefusal(operation.rawValue, "numbers", (.boolean, [2]), (.boolean, [2])) { try $0.binary(operation, $1[0], $1[1]) }
    }

    @Test func binaryComputes() throws {
        let a = try Tensor([1, 4, 9] as [Float], shape: [3])
        let b = try Tensor([2, 0.5, 2] as [Float], shape: [3])
        let expected: [(Graph.Binary, [Float])] = [
            (.add, [3, 4.5, 11]), (.subtract, [-1, 3.5, 7]), (.multiply, [2, 2, 18]), (.divide, [0.5, 8, 4.5]),
            (.power, [1, 2, 81]),
            (.maximum, [2, 4, 9]), (.minimum, [1, 0.5, 2]),
        ]
        #expect(expected.count == Graph.Binary.allCases.count)
        for (operation, values) in expected {
            expectClose(
                try compute(a, b) { try $0.binary(operation, $1[0], $1[1]) }.elements(), values, tolerance: 1e-6,
                operation.rawValue)
        }
        #expect(try compute(a) { try $0.multiply($1[0], by: 3) }.elements(as: Float.self) == [3, 12, 27])
        #expect(try compute(a) { try $0.add($1[0], -1) }.elements(as: Float.self) == [0, 3, 8])
    }

    @Test(arguments: Graph.Unary.allCases) func unaryKeepsTheShape(_ operation: Graph.Unary) throws {
        try check((.f32, [2, .any]), expected: [2, .any]) { try $0.unary(operation, $1[0]) }
        try check((.f32, [2, 3]), expected: [2, 3]) { try $0.unary(operation, $1[0]) }
        expectRefusal(operation.rawValue, "floating point", (.i64, [2])) { try $0.unary(operation, $1[0]) }
    }

    @Test func unaryComputes() throws {
        let values: [Float] = [0.25, 1, 2.5]
        let expected: [(Graph.Unary, (Double) -> Double)] = [
            (.relu, { max($0, 0) }), (.sigmoid, { 1 / (1 + exp(-$0)) }), (.tanh, { tanh($0) }), (.exp, { exp($0) }),
            (.sin, { sin($0) }),
            (.cos, { cos($0) }), (.sqrt, { $0.squareRoot() }), (.swish, { $0 / (1 + exp(-$0)) }),
            (.gelu, { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) }), (.mish, { $0 * tanh(log1p(exp($0))) }),
        ]
        #expect(expected.count == Graph.Unary.allCases.count)
        for (operation, function) in expected {
            let found = try compute(try Tensor(values, shape: [3])) { try $0.unary(operation, $1[0]) }
            expectClose(try found.elements(), values.map { Float(function(Double($0))) }, tolerance: 1e-5, operation.rawValue)
        }
    }

    @Test func clampCuts() throws {
        try check((.f32, [.any, 3]), expected: [.any, 3]) { try $0.clamp($1[0], to: -1...0.5) }
        #expect(
            try compute(try ramp([4], shift: 2)) { try $0.clamp($1[0], to: -1...0.5) }.elements(as: Float.self) == [
                -1, -1, 0, 0.5,
            ])
        expectRefusal("Clamp", "floating point", (.i32, [2])) { try $0.clamp($1[0], to: 0...1) }
    }
}
