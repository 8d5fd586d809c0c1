import Foundation
import ModelGraph
import TensorStore
import TestSupport
import Testing

@Suite struct GroupNormalizationByMomentsTests {
    private func graph(_ shape: PartialShape, groups: Int) throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("x", .f32, shape)
        let scale = graph.constant((0..<6).map { (place: Int) -> Float in 1 + Float(place) / 3 }, shape: [6])
        let bias = graph.constant((0..<6).map { (place: Int) -> Float in Float(place) / 5 - 0.4 }, shape: [6])
        let normal = try graph.groupNormalization(x, scale: scale, bias: bias, groups: groups, epsilon: 1e-5, name: "norm")
        graph.result(try graph.unary(.swish, normal), name: "y")
        graph.result(normal, name: "normal")
        return graph
    }

    /// Also where all of a picture is far from 0, and where it does not vary at all.
    @Test(arguments: [1, 2, 3, 6], [Float(0), 30]) func isTheRuntimesOwn(_ groups: Int, _ shift: Float) throws {
        for shape: PartialShape in [[2, 6, 5, 7], [.any, 6, .any, .any]] {
            let whole = try graph(shape, groups: groups)
            let pass = try whole.groupNormalizationByMoments(minimumPixels: 0)
            #expect(!pass.nodes.contains { $0.type == "GroupNormalization" })
            let x = try Tensor((0..<420).map { (place: Int) -> Float in shift + sin(Float(place * place)) }, shape: [2, 6, 5, 7])
            let (found, expected) = (try run(runtimeModel(pass), [x]), try run(runtimeModel(whole), [x]))
            for (one, other) in zip(found, expected) { try expectClose(one, other, tolerance: 1e-3) }
        }
    }

    @Test func othersAreLeftAlone() throws {
        let vectors = try graph([2, 6, 5], groups: 2)
        #expect(try vectors.groupNormalizationByMoments(minimumPixels: 0).nodes.contains { $0.type == "GroupNormalization" })
        var none = Graph()
        none.result(none.parameter("x", .f32, [1]), name: "y")
        #expect(try none.groupNormalizationByMoments().nodes.count == 2)
    }

    /// Where the graph leaves sizes open they follow from those of the inputs.
    @Test func onlyLargePictures() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [.any, 6, .any, .any])
        func norm(_ x: Value, _ name: String) throws -> Value {
            let scale = graph.constant([Float](repeating: 1, count: 6), shape: [6])
            return try graph.groupNormalization(x, scale: scale, bias: scale, groups: 2, epsilon: 1e-5, name: name)
        }
        let kernel = graph.constant([Float](repeating: 0.1, count: 36), shape: [6, 6, 1, 1])
        let large = try norm(x, "large")
        let small = try norm(graph.convolution(large, kernel, stride: 2), "small")
        let enlarged = try norm(graph.upsampleNearest(small, by: 2), "enlarged")
        graph.result(try graph.add(enlarged, large), name: "y")
        let pass = try graph.groupNormalizationByMoments(["x": [1, 6, 8, 8]], minimumPixels: 64)
        #expect(pass.nodes.filter { $0.type == "GroupNormalization" }.map(\.name) == ["small"])
        let none = try graph.groupNormalizationByMoments(["x": [1, 6, 8, 8]], minimumPixels: 65)
        #expect(none.nodes.count { $0.type == "GroupNormalization" } == 3)
    }
}
