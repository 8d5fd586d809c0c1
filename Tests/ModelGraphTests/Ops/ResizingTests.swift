import ModelGraph
import TensorStore
import TestSupport
import Testing

@Suite struct ResizingTests {
    @Test func bilinear() throws {
        try check((.f32, [2, .any, .any, 5]), expected: [2, .any, 7, 9]) { try $0.resizeBilinear($1[0], height: 7, width: 9) }
        // Twice the width: a pixel's centre lies a quarter of the old distance from the nearest old one.
        let found = try compute(try Tensor([0, 4] as [Float], shape: [1, 1, 1, 2])) {
            try $0.resizeBilinear($1[0], height: 1, width: 4)
        }
        expectClose(try found.elements(), [0, 1, 3, 4], tolerance: 1e-6)
    }

    @Test func refusals() {
        func refuse(_ rule: String, _ shape: PartialShape, _ type: ElementType = .f32, height: Int = 4, width: Int = 4) {
            expectRefusal("Interpolate", rule, (type, shape)) { try $0.resizeBilinear($1[0], height: height, width: width) }
        }
        refuse("floating point", [1, 3, 8, 8], .i64)
        refuse("[B, C, H, W]", [3, 8, 8])
        refuse("must be positive", [1, 3, 8, 8], height: 0)
        refuse("must be positive", [1, 3, 8, 8], width: -2)
    }
}
