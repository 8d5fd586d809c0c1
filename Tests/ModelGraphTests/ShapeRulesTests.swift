@testable import ModelGraph
import TensorStore
import Testing

@Suite struct ShapeRulesTests {
    private let oneToEight = Dimension.dynamic(minimum: 1, maximum: 8)

    @Test func mergedAxesMeetInWhatBothAllow() {
        #expect(Dimension.fixed(3).merged(with: 3) == 3)
        #expect(Dimension.fixed(3).merged(with: 4) == nil)
        #expect(Dimension.any.merged(with: 4) == 4)
        #expect(oneToEight.merged(with: 9) == nil)
        #expect(oneToEight.merged(with: .any) == oneToEight)
        #expect(oneToEight.merged(with: .dynamic(minimum: 4, maximum: nil)) == .dynamic(minimum: 4, maximum: 8))
        #expect(oneToEight.merged(with: .dynamic(minimum: 8, maximum: 12)) == 8)
        #expect(oneToEight.merged(with: .dynamic(minimum: 9, maximum: nil)) == nil)
    }

    @Test func broadcastAxesStretchOnes() {
        #expect(Dimension.fixed(1).broadcast(with: 5) == 5)
        #expect(Dimension.fixed(4).broadcast(with: 5) == nil)
        #expect(Dimension.fixed(4).broadcast(with: .any) == 4)
        #expect(Dimension.fixed(1).broadcast(with: oneToEight) == oneToEight)
        // The dynamic one can only be 1.
        #expect(Dimension.fixed(20).broadcast(with: oneToEight) == 20)
        #expect(oneToEight.broadcast(with: 20) == 20)
        #expect(Dimension.fixed(20).broadcast(with: .dynamic(minimum: 2, maximum: 8)) == nil)
        #expect(Dimension.any.broadcast(with: oneToEight) == .any)
        #expect(oneToEight.broadcast(with: oneToEight) == oneToEight)
        #expect(
            Dimension.dynamic(minimum: 2, maximum: 8).broadcast(with: .dynamic(minimum: 4, maximum: nil))
                == .dynamic(minimum: 4, maximum: 8))
    }

    @Test func shapesBroadcastFromTheLastAxis() {
        #expect(PartialShape.broadcast([2, 1, 4], [3, 1]) == [2, 3, 4])
        #expect(PartialShape.broadcast([], [3, 1]) == [3, 1])
        #expect(PartialShape.broadcast([2, 3], [3, 2]) == nil)
        #expect(PartialShape.broadcast(.any, [3]) == PartialShape.any)
        #expect(PartialShape.broadcast([.any, 4], [3, 1]) == [3, 4])
    }

    @Test func sizesBeyondIntAreUnknown() {
        #expect(Dimension.fixed(.max) + 1 == .any)
        #expect(Dimension.fixed(.max) * 2 == .any)
        #expect(Dimension.fixed(3) * 2 == 6)
        #expect(Dimension.any * 2 == .any)
        #expect(Dimension.any + 2 == .any)
    }

    @Test func compatibleShapesCanBeOfOneTensor() {
        #expect(([2, .any] as PartialShape).isCompatible(with: [.any, 3]))
        #expect(!([2, .any] as PartialShape).isCompatible(with: [3, .any]))
        #expect(!([2] as PartialShape).isCompatible(with: [2, 1]))
        #expect(PartialShape.any.isCompatible(with: [2]))
    }
}
