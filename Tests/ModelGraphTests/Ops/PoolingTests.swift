import ModelGraph
import TensorStore
import TestSupport
import Testing

@Suite struct PoolingTests {
    @Test func shapesFollowWindows() throws {
        try check((.f32, [2, 3, 7, 8]), expected: [2, 3, 3, 3]) { try $0.maxPool($1[0], window: 3, stride: 2) }
        try check((.f32, [2, 3, 7, 8]), expected: [2, 3, 4, 4]) { try $0.maxPool($1[0], window: 3, stride: 2, padding: 1) }
        try check((.f32, [.any, .any, .any, 8]), expected: [.any, .any, .any, 4]) { try $0.maxPool($1[0], window: 2, stride: 2) }
        try check((.f32, [1, 3, 5, .any]), expected: [1, 3, 5, .any]) {
            try $0.averagePool($1[0], window: 3, stride: 1, padding: 1)
        }
    }

    @Test func greatestAndMean() throws {
        // Rows of −1…−9: padding must be neither the greatest nor part of a mean.
        let x = try Tensor((1...9).map { -Float($0) }, shape: [1, 1, 3, 3])
        let greatest = try compute(x) { try $0.maxPool($1[0], window: 3, stride: 2, padding: 1) }
        expectClose(try greatest.elements(), [-1, -2, -4, -5], tolerance: 0)
        let mean = try compute(x) { try $0.averagePool($1[0], window: 3, stride: 2, padding: 1) }
        expectClose(try mean.elements(), [-3, -4, -6, -7], tolerance: 1e-6)
    }

    @Test(arguments: ["MaxPool", "AvgPool"]) func refusals(_ operation: String) {
        func refuse(
            _ rule: String, _ shape: PartialShape, _ type: ElementType = .f32, window: Int = 3, stride: Int = 1, padding: Int = 0
        ) {
            expectRefusal(operation, rule, (type, shape)) {
                operation == "MaxPool"
                    ? try $0.maxPool($1[0], window: window, stride: stride, padding: padding)
                    : try $0.averagePool($1[0], window: window, stride: stride, padding: padding)
            }
        }
        refuse("floating point", [1, 3, 8, 8], .i32)
        refuse("[B, C, H, W]", [3, 8, 8])
        refuse("[B, C, H, W]", .any)
        refuse("window 0", [1, 3, 8, 8], window: 0)
        refuse("stride 0", [1, 3, 8, 8], stride: 0)
        refuse("padding 3", [1, 3, 8, 8], padding: 3)
        refuse("padding -1", [1, 3, 8, 8], padding: -1)
        refuse("must fit", [1, 3, 8, 2])
        refuse("must fit", [1, 3, 2, .any])
    }
}
