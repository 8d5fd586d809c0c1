import TensorStore
import Testing

@Suite struct ShapeTests {
    @Test func countsElements() {
        #expect(Shape([2, 3, 4]).checkedElementCount == 24)
        #expect(Shape([]).checkedElementCount == 1)
        #expect(Shape([3, 0]).checkedElementCount == 0)
        #expect(Shape([-1]).checkedElementCount == nil)
        #expect(Shape([.max, 2]).checkedElementCount == nil)
        // Parts of such a shape have no product.
        for shape in [[0, .max, 2], [.max, 0, 2], [.max, 2, 0]] as [Shape] { #expect(shape.checkedElementCount == nil) }
        #expect(Shape([0, .max]).checkedElementCount == 0)
    }

    @Test func countsBytesOfEveryType() {
        #expect(ElementType.u4.byteCount(of: 5) == 3)
        #expect(ElementType.f16.byteCount(of: 5) == 10)
        #expect(ElementType.f64.byteCount(of: .max) == nil)
        #expect(ElementType.string.byteCount(of: 1) == nil)
    }

    @Test func dimensionsAreCompatibleWhereTheyCanBeEqual() {
        #expect(Dimension.fixed(3).isCompatible(with: .any))
        #expect(Dimension.dynamic(minimum: 1, maximum: 4).isCompatible(with: 4))
        #expect(!Dimension.dynamic(minimum: 1, maximum: 4).isCompatible(with: 5))
        #expect(!Dimension.dynamic(minimum: 1, maximum: 4).isCompatible(with: .dynamic(minimum: 5, maximum: nil)))
        #expect(PartialShape([2, .any]).fixed == nil)
        #expect(PartialShape([2, 3]).fixed == [2, 3])
    }
}
