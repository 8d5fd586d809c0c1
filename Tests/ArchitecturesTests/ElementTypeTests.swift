import Architectures
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Checkpoints in types that the runtime does not compute with.
@Suite struct ElementTypeTests {
    private let golden: GoldenNetwork

    init() throws { golden = try GoldenNetwork("Architectures/unet/lcm", className: "UNet2DConditionModel") }

    private func output(_ change: (Weights.Entry) throws -> Weights.Entry) throws -> Tensor {
        let weights = try golden.component.weights()
        let changed = try Weights(weights.entries.mapValues(change), source: weights.source)
        let graph = try Registry.make(golden.component.config(), from: Registry.unets).graph(changed, golden.staticShape)
        return try #require(golden.run(graph, inputs: ["timestep": golden.timestep])["out_sample"])
    }

    private func tensor(_ entry: Weights.Entry) throws -> Tensor {
        try entry.data.withUnsafeBytes { try Tensor(copying: $0, shape: entry.shape, of: entry.elementType) }
    }

    private func entry(_ bytes: [UInt8], _ type: ElementType, _ shape: Shape) -> Weights.Entry {
        Weights.Entry(elementType: type, shape: shape, data: .bytes(bytes))
    }

    /// It holds what the checkpoint's f16 holds.
    @Test func doublePrecision() throws {
        let found = try output { old in
            entry(try tensor(old).converted(to: .f64).withUnsafeBytes(Array.init), .f64, old.shape)
        }
        try expectClose(found, golden["out_sample"], tolerance: 1e-4)
    }

    /// Equal to the same numbers in f32.
    @Test(arguments: [ElementType.f8e4m3, .f8e5m2]) func eightBits(_ type: ElementType) throws {
        let codes = (UInt8.min...UInt8.max).map { $0 }
        let all: [Float] = try codes.withUnsafeBytes { try Tensor(copying: $0, shape: [256], of: type) }.converted(to: .f32)
            .elements()
        let finite = codes.filter { all[Int($0)].isFinite }.sorted { all[Int($0)] < all[Int($1)] }
        func nearest(_ number: Float) -> UInt8 {
            let above = finite.partitioningIndex { all[Int($0)] >= number }
            let (low, high) = (finite[max(above - 1, 0)], finite[min(above, finite.count - 1)])
            return abs(all[Int(low)] - number) < abs(all[Int(high)] - number) ? low : high
        }
        func encoded(_ old: Weights.Entry) throws -> [UInt8] { try tensor(old).converted(to: .f32).elements().map(nearest) }
        let found = try output { entry(try encoded($0), type, $0.shape) }
        let expected = try output { old in
            entry(try encoded(old).map { all[Int($0)] }.withUnsafeBytes(Array.init), .f32, old.shape)
        }
        try expectClose(found, expected, tolerance: 1e-5)
        #expect(try found.elements(as: Float.self) != golden["out_sample"].elements())
    }
}

extension Array {
    /// The first index whose element meets a condition that all after it meet.
    fileprivate func partitioningIndex(where condition: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
