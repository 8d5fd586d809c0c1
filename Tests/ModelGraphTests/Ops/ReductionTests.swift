import ModelGraph
import TensorStore
import Testing

@Suite struct ReductionTests {
    @Test(arguments: Graph.Reduction.allCases) func shapesFollowAxes(_ operation: Graph.Reduction) throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [2, .any, 4])
        #expect(try graph.reduce(operation, x).shape == [])
        #expect(try graph.reduce(operation, x, axes: [1]).shape == [2, 4])
        #expect(try graph.reduce(operation, x, axes: [0, 2], keepsAxes: true).shape == [1, .any, 1])
        for axes in [[3], [-1], [0, 0]] {
            #expect(throws: GraphError.self) { try graph.reduce(operation, x, axes: axes) }
        }
    }

    @Test func fakeQuantizeRefusesRangesThatDoNotFit() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 3, 4, 4])
        let (low, high) = (graph.scalar(-1), graph.scalar(1))
        #expect(try graph.fakeQuantize(x, low: low, high: high, levels: 256).shape == x.shape)
        let channels = graph.constant([1, 2, 3] as [Float], shape: [1, 3, 1, 1])
        #expect(try graph.fakeQuantize(x, low: low, high: channels, levels: 256).shape == x.shape)
        let wrong = graph.constant([1, 2] as [Float], shape: [1, 2, 1, 1])
        #expect(throws: GraphError.self) { try graph.fakeQuantize(x, low: low, high: wrong, levels: 256) }
        #expect(throws: GraphError.self) { try graph.fakeQuantize(x, low: low, high: high, levels: 1) }
        let integers = graph.parameter("i", .i32, [1])
        #expect(throws: GraphError.self) { try graph.fakeQuantize(integers, low: low, high: high, levels: 256) }
    }
}
