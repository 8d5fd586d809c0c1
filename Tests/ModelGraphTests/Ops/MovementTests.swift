import ModelGraph
import TensorStore
import Testing

@Suite struct MovementTests {
    @Test func reshapeInfersShapes() throws {
        try check((.f32, [2, 3, 4]), expected: [6, 4]) { try $0.reshape($1[0], to: [6, 4]) }
        try check((.f32, [2, 3, 4]), expected: [2, 12]) { try $0.reshape($1[0], to: [0, -1]) }
        try check((.f32, [.any, 3, 4]), expected: [.any, 12]) { try $0.reshape($1[0], to: [0, -1]) }
        try check((.f32, [.any, 3, 4]), expected: [.any, 2, 6]) { try $0.reshape($1[0], to: [0, 2, 6]) }
        try check((.f32, [.any, .any, 4]), expected: [.any, .any, 2, 2]) { try $0.reshape($1[0], to: [0, 0, 2, 2]) }
        try check((.f32, [.any, 3, 4]), expected: [.any, 6]) { try $0.reshape($1[0], to: [-1, 6]) }
        try check((.f32, [2]), expected: [2, 1, 1]) { try $0.reshape($1[0], to: [0, 1, 1]) }
        try check((.f32, []), expected: [1]) { try $0.reshape($1[0], to: [-1]) }
        try check((.f32, [1]), expected: []) { try $0.reshape($1[0], to: []) }
        try check((.f32, .any), expected: [.any, 6]) { try $0.reshape($1[0], to: [0, 6]) }
        try check((.f32, [2, 6]), expected: [3, 4]) { graph, x in
            try graph.reshape(x[0], to: graph.integers([3, 4]), known: [3, 4])
        }
    }

    @Test func reshapeRefuses() {
        expectRefusal("Reshape", "as many elements", (.f32, [2, 3])) { try $0.reshape($1[0], to: [4, 2]) }
        expectRefusal("Reshape", "as many elements", (.f32, [.any, 3])) { try $0.reshape($1[0], to: [0, 4]) }
        expectRefusal("Reshape", "divide", (.f32, [2, 3])) { try $0.reshape($1[0], to: [4, -1]) }
        expectRefusal("Reshape", "one axis open", (.f32, [.any, 3])) { try $0.reshape($1[0], to: [-1, -1]) }
        expectRefusal("Reshape", "one axis open", (.f32, [2, 3])) { try $0.reshape($1[0], to: [-2, 3]) }
        expectRefusal("Reshape", "not there", (.f32, [2, 3])) { try $0.reshape($1[0], to: [2, 3, 0]) }
        expectRefusal("Reshape", "elements", (.f32, [2, 3])) { try $0.reshape($1[0], to: [.max, .max, 6]) }
        expectRefusal("Reshape", "i64", (.f32, [2, 3]), (.i32, [2])) { try $0.reshape($1[0], to: $1[1], known: .any) }
    }

    @Test func transposeMovesAxes() throws {
        try check((.f32, [2, .any, 4]), expected: [4, 2, .any]) { try $0.transpose($1[0], [2, 0, 1]) }
        try check((.f32, .any), expected: .any) { try $0.transpose($1[0], [1, 0]) }
        #expect(
            try compute(try ramp([2, 3])) { try $0.transpose($1[0], [1, 0]) }.elements(as: Float.self) == [0, 3, 1, 4, 2, 5])
        expectRefusal("Transpose", "[0, 0] must name each axis", (.f32, [2, 3])) { try $0.transpose($1[0], [0, 0]) }
        expectRefusal("Transpose", "each axis", (.f32, [2, 3])) { try $0.transpose($1[0], [0, 2, 1]) }
    }

    @Test func concatenateJoins() throws {
        try check((.f32, [2, 3]), (.f32, [2, 5]), expected: [2, 8]) { try $0.concatenate($1, axis: 1) }
        try check((.f32, [2, 3]), (.f32, [2, 5]), expected: [2, 8]) { try $0.concatenate($1, axis: -1) }
        try check((.f32, [.any, 3]), (.f32, [2, .any]), expected: [2, .any]) { try $0.concatenate($1, axis: 1) }
        #expect(
            try compute(try ramp([2, 1]), try ramp([2, 2])) { try $0.concatenate($1, axis: 1) }.elements(as: Float.self) == [
                0, 0, 1, 1, 2, 3,
            ])
        expectRefusal("Concat", "other than 1", (.f32, [2, 3]), (.f32, [3, 3])) { try $0.concatenate($1, axis: 1) }
        expectRefusal("Concat", "axis 2", (.f32, [2, 3]), (.f32, [2, 3])) { try $0.concatenate($1, axis: 2) }
        expectRefusal("Concat", "one type", (.f32, [2, 3]), (.i32, [2, 3])) { try $0.concatenate($1, axis: 1) }
        expectRefusal("Concat", "as many axes", (.f32, [2, 3]), (.f32, [2])) { try $0.concatenate($1, axis: 0) }
        expectRefusal("Concat", "known", (.f32, .any), (.f32, [2])) { try $0.concatenate($1, axis: 0) }
        expectRefusal("Concat", "something to join") { graph, _ in try graph.concatenate([], axis: 0) }
    }

    @Test func unsqueezeAddsAxes() throws {
        try check((.f32, [2, .any]), expected: [1, 2, 1, .any]) { try $0.unsqueeze($1[0], [0, 2]) }
        try check((.f32, [2]), expected: [2, 1, 1]) { try $0.unsqueeze($1[0], [2, 1]) }
        try check((.f32, .any), expected: .any) { try $0.unsqueeze($1[0], [0]) }
        expectRefusal("Unsqueeze", "places", (.f32, [2])) { try $0.unsqueeze($1[0], [2]) }
        expectRefusal("Unsqueeze", "each once", (.f32, [2])) { try $0.unsqueeze($1[0], [1, 1]) }
        expectRefusal("Unsqueeze", "places", (.f32, .any)) { try $0.unsqueeze($1[0], [-1]) }
    }

    @Test func sliceTakesARange() throws {
        try check((.f32, [2, 7]), expected: [2, 3]) { try $0.slice($1[0], axis: 1, 2..<5) }
        try check((.f32, [2, .any]), expected: [2, .dynamic(minimum: 0, maximum: 3)]) { try $0.slice($1[0], axis: 1, 2..<5) }
        try check((.f32, [2, .dynamic(minimum: 3, maximum: 9)]), expected: [2, .dynamic(minimum: 1, maximum: 3)]) {
            try $0.slice($1[0], axis: 1, 2..<5)
        }
        try check((.f32, [2, .dynamic(minimum: 5, maximum: 9)]), expected: [2, 3]) { try $0.slice($1[0], axis: 1, 2..<5) }
        try check((.f32, .any), expected: .any) { try $0.slice($1[0], axis: 0, 0..<1) }
        #expect(try compute(try ramp([2, 4])) { try $0.slice($1[0], axis: 1, 1..<3) }.elements(as: Float.self) == [1, 2, 5, 6])
        expectRefusal("Slice", "within axis 1", (.f32, [2, 4])) { try $0.slice($1[0], axis: 1, 2..<5) }
        expectRefusal("Slice", "within axis 2", (.f32, [2, 4])) { try $0.slice($1[0], axis: 2, 0..<1) }
        expectRefusal("Slice", "within axis 0", (.f32, [2, 4])) { try $0.slice($1[0], axis: 0, -1..<1) }
    }

    @Test func gatherTakesRows() throws {
        try check((.f32, [10, 4]), (.i64, [2, .any]), expected: [2, .any, 4]) { try $0.gather($1[0], $1[1]) }
        try check((.f32, [2, 10, 4]), (.i32, [2, 3]), expected: [2, 3, 4]) {
            try $0.gather($1[0], $1[1], axis: 1, batchDimensions: 1)
        }
        try check((.f32, [10, 4]), (.i64, []), expected: [10]) { try $0.gather($1[0], $1[1], axis: 1) }
        try check((.f32, .any), (.i64, [3]), expected: .any) { try $0.gather($1[0], $1[1]) }
        let rows = try Tensor([2, 0] as [Int64], shape: [2])
        #expect(try compute(try ramp([3, 2]), rows) { try $0.gather($1[0], $1[1]) }.elements(as: Float.self) == [4, 5, 0, 1])
        expectRefusal("Gather", "i32 or i64", (.f32, [10]), (.f32, [2])) { try $0.gather($1[0], $1[1]) }
        expectRefusal("Gather", "axis 1 must be", (.f32, [10]), (.i64, [2])) { try $0.gather($1[0], $1[1], axis: 1) }
        expectRefusal("Gather", "must agree", (.f32, [3, 10]), (.i64, [2, 2])) {
            try $0.gather($1[0], $1[1], axis: 1, batchDimensions: 1)
        }
        expectRefusal("Gather", "batch axes", (.f32, [3, 10]), (.i64, [2, 2])) {
            try $0.gather($1[0], $1[1], batchDimensions: -1)
        }
    }

    @Test func splitIsInTwoParts() throws {
        let place = try Tensor([1] as [Int64], shape: [1])
        for part in 0...1 {
            try check((.f32, [2, 7]), (.i64, [1]), expected: [2, .any]) { graph, x in
                let parts = try graph.split(x[0], axis: 1, at: x[1])
                return part == 0 ? parts.0 : parts.1
            }
            let found = try compute(try ramp([2, 3]), place) { graph, x in
                let parts = try graph.split(x[0], axis: 1, at: x[1])
                return part == 0 ? parts.0 : parts.1
            }
            #expect(try found.elements(as: Float.self) == (part == 0 ? [0, 3] : [1, 2, 4, 5]))
        }
        expectRefusal("VariadicSplit", "i64", (.f32, [2, 7]), (.i32, [1])) { try $0.split($1[0], axis: 1, at: $1[1]).0 }
        expectRefusal("VariadicSplit", "axis 2", (.f32, [2, 7]), (.i64, [1])) { try $0.split($1[0], axis: 2, at: $1[1]).0 }
    }

    @Test func shapeOfIsAVector() throws {
        try check((.f32, [2, .any, 4]), expected: [3]) { graph, x in graph.shapeOf(x[0]) }
        try check((.f32, .any), expected: [.any]) { graph, x in graph.shapeOf(x[0]) }
        #expect(try compute(try ramp([2, 3])) { graph, x in graph.shapeOf(x[0]) }.elements(as: Int64.self) == [2, 3])
    }

    @Test func upsampleNearestRepeatsPixels() throws {
        try check((.f32, [2, 3, 4, 5]), expected: [2, 3, 8, 10]) { try $0.upsampleNearest($1[0], by: 2) }
        try check((.f32, [.any, 3, .any, 5]), expected: [.any, 3, .any, 15]) { try $0.upsampleNearest($1[0], by: 3) }
        #expect(
            try compute(try ramp([1, 1, 1, 2])) { try $0.upsampleNearest($1[0], by: 2) }.elements(as: Float.self) == [
                0, 0, 1, 1, 0, 0, 1, 1,
            ])
        expectRefusal("Interpolate", "[B, C, H, W]", (.f32, [3, 4, 5])) { try $0.upsampleNearest($1[0], by: 2) }
        expectRefusal("Interpolate", "positive", (.f32, [2, 3, 4, 5])) { try $0.upsampleNearest($1[0], by: 0) }
    }

    @Test func resizeNearestTakesTheSizeOfAnother() throws {
        try check((.f32, [2, 3, 4, 5]), (.f32, [1, 1, 7, 9]), expected: [2, 3, 7, 9]) { try $0.resizeNearest($1[0], like: $1[1]) }
        try check((.f32, [2, 3, 4, 5]), (.f32, [1, 1, .any, 9]), expected: [2, 3, .any, 9]) {
            try $0.resizeNearest($1[0], like: $1[1])
        }
        expectRefusal("Interpolate", "[B, C, H, W]", (.f32, [2, 3, 4, 5]), (.f32, [7, 9])) {
            try $0.resizeNearest($1[0], like: $1[1])
        }
    }

    /// torch: source = floor(target · size in / size out).
    @Test(arguments: [(3, 5), (3, 7), (4, 7), (5, 9), (7, 13), (1, 3), (10, 19), (8, 16)])
    func resizeNearestTakesThePixelsThatTorchTakes(_ from: Int, _ to: Int) throws {
        let expected = (0..<to).map { Float($0 * from / to) }
        let like = try ramp([1, 1, 1, Shape([to])[0]])
        for isStatic in [true, false] {
            var graph = Graph()
            let x = graph.parameter("x", .f32, [1, 1, 1, .fixed(from)])
            let model = graph.parameter("model", .f32, isStatic ? PartialShape(like.shape) : [1, 1, .any, .any])
            graph.result(try graph.resizeNearest(x, like: model), name: "y")
            #expect(try run(graph, [ramp([1, 1, 1, from]), like])[0].elements(as: Float.self) == expected)
        }
    }
}
