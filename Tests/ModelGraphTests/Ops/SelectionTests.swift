import ModelGraph
import TensorStore
import Testing

@Suite struct SelectionTests {
    @Test func greaterEqual() throws {
        try check((.i64, [.any, 4]), (.i64, []), expected: [.any, 4]) { try $0.greaterEqual($1[0], $1[1]) }
        let found = try compute(try Tensor([1, 2, 3] as [Int64], shape: [3]), try Tensor([2] as [Int64], shape: [1])) {
            try $0.convert($0.greaterEqual($1[0], $1[1]), to: .i32)
        }
        #expect(try found.elements(as: Int32.self) == [0, 1, 1])
        expectRefusal("GreaterEqual", "one type", (.i64, [2]), (.i32, [2])) { try $0.greaterEqual($1[0], $1[1]) }
        expectRefusal("GreaterEqual", "broadcast", (.i64, [2]), (.i64, [3])) { try $0.greaterEqual($1[0], $1[1]) }
    }

    @Test func select() throws {
        try check((.boolean, [2, 1]), (.f32, [3]), (.f32, [2, .any]), expected: [2, 3]) { try $0.select($1[0], $1[1], $1[2]) }
        let numbers = try Tensor([1, 5, 2, 7] as [Float], shape: [2, 2])
        let found = try compute(numbers, try Tensor([3, 4] as [Float], shape: [2])) {
            try $0.select($0.greaterEqual($1[0], $1[1]), $1[0], $1[1])
        }
        #expect(try found.elements(as: Float.self) == [3, 5, 3, 7])
        expectRefusal("Select", "boolean", (.f32, [2]), (.f32, [2])) { try $0.select($1[0], $1[1], $1[1]) }
        expectRefusal("Select", "broadcast", (.boolean, [2]), (.f32, [3])) { try $0.select($1[0], $1[1], $1[1]) }
    }
}
