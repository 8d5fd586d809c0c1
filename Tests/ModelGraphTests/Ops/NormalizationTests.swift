import ModelGraph
import TensorStore
import TestSupport
import Testing

@Suite struct NormalizationTests {
    @Test func groupNormalizationKeepsTheShape() throws {
        let vector: (ElementType, PartialShape) = (.f32, [6])
        try check((.f32, [2, 6, 4, 5]), vector, vector, expected: [2, 6, 4, 5]) {
            try $0.groupNormalization($1[0], scale: $1[1], bias: $1[2], groups: 3, epsilon: 1e-5)
        }
        try check((.f32, [.any, .any, 7]), vector, vector, expected: [.any, .any, 7]) {
            try $0.groupNormalization($1[0], scale: $1[1], bias: $1[2], groups: 3, epsilon: 1e-5)
        }
        func refuse(_ rule: String, _ x: PartialShape, _ scale: PartialShape, groups: Int = 3, type: ElementType = .f32) {
            expectRefusal("GroupNormalization", rule, (type, x), (.f32, scale), vector) {
                try $0.groupNormalization($1[0], scale: $1[1], bias: $1[2], groups: groups, epsilon: 1e-5)
            }
        }
        refuse("6 channels do not divide into 4 groups", [2, 6, 4], [6], groups: 4)
        refuse("groups (0)", [2, 6, 4], [6], groups: 0)
        refuse("one element for each channel", [2, 6, 4], [5])
        refuse("scale and bias [C]", [2, 6, 4], [1, 6])
        refuse("[B, C, ...]", [6], [6])
        refuse("one floating-point type", [2, 6, 4], [6], type: .f16)
    }

    @Test func groupNormalizationComputes() throws {
        // Two groups of two channels: mean and variance over 4 elements each.
        let x = try Tensor([0, 2, 4, 6, 1, 1, 1, 1] as [Float], shape: [1, 4, 2])
        let scale = try Tensor([1, 1, 2, 2] as [Float], shape: [4])
        let bias = try Tensor([0, 10, 0, 3] as [Float], shape: [4])
        let found = try compute(x, scale, bias) {
            try $0.groupNormalization($1[0], scale: $1[1], bias: $1[2], groups: 2, epsilon: 1e-6)
        }
        let unit = 1 / Float(5).squareRoot()
        expectClose(try found.elements(), [-3 * unit, -unit, 10 + unit, 10 + 3 * unit, 0, 0, 3, 3], tolerance: 1e-5)
    }

    @Test func meanVarianceNormalization() throws {
        try check((.f32, [2, .any, 8]), expected: [2, .any, 8]) {
            try $0.meanVarianceNormalization($1[0], axes: [-1], epsilon: 1e-5)
        }
        // Epsilon inside of the root: variance 1 and epsilon 3 make 2.
        let found = try compute(try Tensor([1, 3, 5, 7] as [Float], shape: [2, 2])) {
            try $0.meanVarianceNormalization($1[0], axes: [1], epsilon: 3)
        }
        expectClose(try found.elements(), [-0.5, 0.5, -0.5, 0.5], tolerance: 1e-6)
        expectRefusal("MVN", "axes [2]", (.f32, [2, 3])) { try $0.meanVarianceNormalization($1[0], axes: [2], epsilon: 1) }
        expectRefusal("MVN", "axes [-3]", (.f32, [2, 3])) { try $0.meanVarianceNormalization($1[0], axes: [-3], epsilon: 1) }
        expectRefusal("MVN", "floating point", (.i32, [2, 3])) { try $0.meanVarianceNormalization($1[0], axes: [1], epsilon: 1) }
    }

    @Test func softmax() throws {
        try check((.f32, [2, .any]), expected: [2, .any]) { try $0.softmax($1[0], axis: -1) }
        let found = try compute(try Tensor([0, 0, 100, 0] as [Float], shape: [2, 2])) { try $0.softmax($1[0], axis: 1) }
        expectClose(try found.elements(), [0.5, 0.5, 1, 0], tolerance: 1e-6)
        expectRefusal("SoftMax", "axis 2", (.f32, [2, 3])) { try $0.softmax($1[0], axis: 2) }
        expectRefusal("SoftMax", "floating point", (.i32, [2, 3])) { try $0.softmax($1[0], axis: 0) }
    }
}
