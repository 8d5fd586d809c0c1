import ModelGraph
import TensorStore
import Testing

@Suite struct LinearTests {
    @Test func matMulInfersShapes() throws {
        try check((.f32, [5, 2, 3]), (.f32, [3, 4]), expected: [5, 2, 4]) { try $0.matMul($1[0], $1[1]) }
        try check((.f32, [5, 3, 2]), (.f32, [4, 3]), expected: [5, 2, 4]) {
            try $0.matMul($1[0], $1[1], transposeA: true, transposeB: true)
        }
        try check((.f32, [6, 1, 2, 3]), (.f32, [5, 3, 4]), expected: [6, 5, 2, 4]) { try $0.matMul($1[0], $1[1]) }
        try check((.f32, [.any, .any, 3]), (.f32, [1, 3, 4]), expected: [.any, .any, 4]) { try $0.matMul($1[0], $1[1]) }
        try check((.f32, [.any, 7]), (.f32, [.any, 4]), expected: [.any, 4]) { try $0.matMul($1[0], $1[1]) }
        try check((.f32, .any), (.f32, [3, 4]), expected: .any) { try $0.matMul($1[0], $1[1]) }
    }

    @Test func matMulRefuses() {
        expectRefusal("MatMul", "inner axes must agree (3 and 4)", (.f32, [2, 3]), (.f32, [4, 3])) { try $0.matMul($1[0], $1[1]) }
        expectRefusal("MatMul", "leading axes", (.f32, [2, 2, 3]), (.f32, [3, 3, 4])) { try $0.matMul($1[0], $1[1]) }
        expectRefusal("MatMul", "two axes", (.f32, [3]), (.f32, [3, 4])) { try $0.matMul($1[0], $1[1]) }
        expectRefusal("MatMul", "one type", (.f32, [2, 3]), (.f16, [3, 4])) { try $0.matMul($1[0], $1[1]) }
    }

    @Test func matMulNamesItsNodeInErrors() throws {
        var graph = Graph()
        let x = graph.parameter("hidden", .f32, [2, 3])
        let error = #expect(throws: GraphError.self) {
            try graph.within("up.0") { (graph) throws(GraphError) in try graph.matMul(x, x) }
        }
        #expect(
            error?.description
                == "MatMul 'up.0/MatMul': the inner axes must agree (3 and 2); found 'hidden' f32 [2, 3], 'hidden' f32 [2, 3].")
        let named = #expect(throws: GraphError.self) { try graph.matMul(x, x, name: "to_q") }
        #expect(named?.description.hasPrefix("MatMul 'to_q': ") == true)
    }

    @Test func matMulComputes() throws {
        let a = try ramp([2, 3])
        #expect(try compute(a, try ramp([3, 2])) { try $0.matMul($1[0], $1[1]) }.elements(as: Float.self) == [10, 13, 28, 40])
        #expect(
            try compute(a, try ramp([2, 3])) { try $0.matMul($1[0], $1[1], transposeB: true) }.elements(as: Float.self) == [
                5, 14, 14, 50,
            ])
        #expect(
            try compute(a, try ramp([2, 1])) { try $0.matMul($1[0], $1[1], transposeA: true) }.elements(as: Float.self) == [
                3, 4, 5,
            ])
    }

    @Test func convolutionInfersShapes() throws {
        let kernel: (ElementType, PartialShape) = (.f32, [8, 3, 3, 3])
        try check((.f32, [2, 3, 9, 8]), kernel, expected: [2, 8, 9, 8]) { try $0.convolution($1[0], $1[1], padding: [1, 1]) }
        try check((.f32, [2, 3, 9, 8]), kernel, expected: [2, 8, 5, 4]) {
            try $0.convolution($1[0], $1[1], stride: 2, padding: [1, 1])
        }
        try check((.f32, [2, 3, 9, 8]), kernel, expected: [2, 8, 4, 4]) {
            try $0.convolution($1[0], $1[1], stride: 2, padding: [0, 0], paddingEnd: [1, 1])
        }
        try check((.f32, [2, 3, 9, 8]), kernel, expected: [2, 8, 7, 12]) { try $0.convolution($1[0], $1[1], padding: [0, 3]) }
        try check((.f32, [.any, 3, .any, 8]), kernel, expected: [.any, 8, .any, 8]) {
            try $0.convolution($1[0], $1[1], padding: [1, 1])
        }
        try check((.f32, [1, .any, 9, 8]), kernel, expected: [1, 8, 7, 6]) { try $0.convolution($1[0], $1[1]) }
        try check((.f32, .any), kernel, expected: [.any, 8, .any, .any]) { try $0.convolution($1[0], $1[1]) }
    }

    @Test func convolutionRefuses() {
        let kernel: (ElementType, PartialShape) = (.f32, [8, 3, 3, 3])
        expectRefusal("Convolution", "channels (4) must be the weights' (3)", (.f32, [1, 4, 8, 8]), kernel) {
            try $0.convolution($1[0], $1[1])
        }
        expectRefusal("Convolution", "kernel must fit", (.f32, [1, 3, 2, 8]), kernel) { try $0.convolution($1[0], $1[1]) }
        expectRefusal("Convolution", "must be [B, C, H, W]", (.f32, [3, 8, 8]), kernel) { try $0.convolution($1[0], $1[1]) }
        expectRefusal("Convolution", "weights [O, C, kh, kw]", (.f32, [1, 3, 8, 8]), (.f32, [8, 3, 3])) {
            try $0.convolution($1[0], $1[1])
        }
        expectRefusal("Convolution", "one type", (.f16, [1, 3, 8, 8]), kernel) { try $0.convolution($1[0], $1[1]) }
        expectRefusal("Convolution", "stride 0", (.f32, [1, 3, 8, 8]), kernel) { try $0.convolution($1[0], $1[1], stride: 0) }
        expectRefusal("Convolution", "not negative", (.f32, [1, 3, 8, 8]), kernel) {
            try $0.convolution($1[0], $1[1], padding: [0, -1])
        }
    }

    @Test func convolutionComputes() throws {
        // Ones: each pixel is the sum of what the kernel covers.
        let ones = try Tensor([Float](repeating: 1, count: 4), shape: [1, 1, 2, 2])
        let found = try compute(try ramp([1, 1, 3, 3]), ones) { try $0.convolution($1[0], $1[1], stride: 2, paddingEnd: [1, 1]) }
        #expect(found.shape == [1, 1, 2, 2])
        #expect(try found.elements(as: Float.self) == [8, 7, 13, 8])
    }
}
