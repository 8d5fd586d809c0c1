import Foundation
import ModelGraph
import TensorStore
import TestSupport
import Testing

@Suite struct AttentionTests {
    private typealias Input = (ElementType, PartialShape)

    @Test func infersShapes() throws {
        let (q, k, v): (Input, Input, Input) = ((.f32, [2, 4, 5, 8]), (.f32, [2, 4, 7, 8]), (.f32, [2, 4, 7, 3]))
        try check(q, k, v, expected: [2, 4, 5, 3]) { try $0.scaledDotProductAttention($1[0], $1[1], $1[2]) }
        try check(q, k, v, (.f32, [1, 1, 5, 7]), expected: [2, 4, 5, 3]) {
            try $0.scaledDotProductAttention($1[0], $1[1], $1[2], mask: $1[3])
        }
        try check(
            (.f32, [.any, 4, .any, 8]), (.f32, [.any, 4, .any, 8]), (.f32, [.any, 4, .any, 8]), expected: [.any, 4, .any, 8]
        ) {
            try $0.scaledDotProductAttention($1[0], $1[1], $1[2], causal: true)
        }
    }

    @Test func refuses() {
        let operation = "ScaledDotProductAttention"
        func refuse(_ rule: String, _ q: Input, _ k: Input, _ v: Input) {
            expectRefusal(operation, rule, q, k, v) { try $0.scaledDotProductAttention($1[0], $1[1], $1[2]) }
        }
        let x: Input = (.f32, [2, 4, 5, 8])
        refuse("[B, heads, tokens, d]", (.f32, [2, 5, 8]), x, x)
        refuse("agree in d", (.f32, [2, 4, 5, 7]), x, x)
        refuse("in tokens", x, x, (.f32, [2, 4, 6, 8]))
        refuse("batch and heads", x, (.f32, [2, 3, 5, 8]), (.f32, [2, 3, 5, 8]))
        refuse("batch and heads", (.f32, [3, 4, 5, 8]), x, x)
        refuse("one floating-point type", (.f16, [2, 4, 5, 8]), x, x)
        refuse("one floating-point type", (.i32, [2, 4, 5, 8]), (.i32, [2, 4, 5, 8]), (.i32, [2, 4, 5, 8]))
        for (mask, causal) in [
            ((.f32, [2, 4, 5, 6]), false), ((.i64, [5, 5]), false), ((.f32, [5, 5]), true), ((.f32, [3, 4, 5, 5]), false),
        ]
            as [(Input, Bool)]
        {
            expectRefusal(operation, "the mask must", x, x, x, mask) {
                try $0.scaledDotProductAttention($1[0], $1[1], $1[2], mask: $1[3], causal: causal)
            }
        }
    }

    @Test func computes() throws {
        let query = try ramp([1, 1, 2, 4], scale: 0.1)
        let key = try ramp([1, 1, 2, 4], scale: 0.2, shift: 0.3)
        let value = try ramp([1, 1, 2, 4])
        let (q, k, v) = (try query.elements(as: Float.self), try key.elements(as: Float.self), try value.elements(as: Float.self))
        func reference(_ bias: [Float]) -> [Float] {
            (0..<2).flatMap { row in
                let scores = (0..<2).map { column in
                    exp((0..<4).reduce(Float(0)) { $0 + q[row * 4 + $1] * k[column * 4 + $1] } / 2 + bias[row * 2 + column])
                }
                return (0..<4).map { (scores[0] * v[$0] + scores[1] * v[4 + $0]) / (scores[0] + scores[1]) }
            }
        }
        let plain = try compute(query, key, value) { try $0.scaledDotProductAttention($1[0], $1[1], $1[2]) }
        expectClose(try plain.elements(), reference([0, 0, 0, 0]), tolerance: 1e-5)
        let causal = try compute(query, key, value) { try $0.scaledDotProductAttention($1[0], $1[1], $1[2], causal: true) }
        expectClose(try causal.elements(), reference([0, -.infinity, 0, 0]), tolerance: 1e-5)
        let mask = try Tensor([0.5, -1, 2, 0] as [Float], shape: [2, 2])
        let masked = try compute(query, key, value, mask) { try $0.scaledDotProductAttention($1[0], $1[1], $1[2], mask: $1[3]) }
        expectClose(try masked.elements(), reference([0.5, -1, 2, 0]), tolerance: 1e-5)
    }
}
