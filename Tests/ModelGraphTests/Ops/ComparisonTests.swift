import ModelGraph
import TensorStore
import Testing

@Suite struct ComparisonTests {
    @Test func equal() throws {
        try check((.i64, [.any, 4]), (.i64, [1]), expected: [.any, 4]) { try $0.equal($1[0], $1[1]) }
        let found = try compute(try Tensor([1, 2, 3] as [Int64], shape: [3]), try Tensor([2] as [Int64], shape: [1])) {
            try $0.convert($0.equal($1[0], $1[1]), to: .i32)
        }
        #expect(try found.elements(as: Int32.self) == [0, 1, 0])
        expectRefusal("Equal", "one type", (.i64, [2]), (.i32, [2])) { try $0.equal($1[0], $1[1]) }
        expectRefusal("Equal", "broadcast", (.i64, [2]), (.i64, [3])) { try $0.equal($1[0], $1[1]) }
    }

    @Test func argMaxTakesTheFirstOfEqualOnes() throws {
        try check((.f32, [2, .any]), expected: [2, 1]) { try $0.argMax($1[0], axis: 1) }
        let found = try compute(try Tensor([1, 7, 7, 3, 2, 3, 1, 3] as [Float], shape: [2, 4])) { try $0.argMax($1[0], axis: 1) }
        #expect(try found.elements(as: Int64.self) == [1, 1])
        expectRefusal("TopK", "axis 2", (.f32, [2, 3])) { try $0.argMax($1[0], axis: 2) }
        expectRefusal("TopK", "axis 0", (.f32, .any)) { try $0.argMax($1[0], axis: 0) }
    }
}
