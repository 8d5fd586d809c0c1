import Foundation
import Imaging
import OpenVINO
import TensorStore
import TestSupport
import Testing

@testable import Benchmarking

@Suite struct InputsTests {
    @Test func dynamicShapesWithoutASizeAreNamed() throws {
        let error = #expect(throws: BenchmarkError.self) { try PreparedBenchmark(Small.options("dynamic.onnx")) }
        let text = "\(try #require(error))"
        #expect(text.contains("input [?, 3, ?, ?]"))
        #expect(text.contains("--shape 'input[1,3,64,64]'"))
        #expect(text.contains("--data-shape 'input[1,3,64,64]'"))
    }

    @Test func shapesReshapeTheModel() throws {
        let benchmark = try PreparedBenchmark(Small.options("dynamic.onnx") { $0.shape = "input[2,3,8,8]" })
        #expect(benchmark.loaded.compiled.inputs[0].shape.fixed == [2, 3, 8, 8])
        #expect(benchmark.inferenceOnly)
        let all = try PreparedBenchmark(Small.options("dynamic.onnx") { $0.shape = "[2,3,8,8]" })
        #expect(all.inputs == benchmark.inputs)
    }

    @Test func dataShapesTakeTurns() async throws {
        let options = Small.options("dynamic.onnx") {
            $0.dataShape = "input[1,3,8,8][2,3,16,16]"
            $0.iterations = 6
        }
        let benchmark = try PreparedBenchmark(options)
        #expect(!benchmark.inferenceOnly)
        #expect(benchmark.loaded.compiled.inputs[0].shape.fixed == nil)
        let result = try await benchmark.measure()
        #expect(result.groups.map(\.shapes) == ["input [1, 3, 8, 8]", "input [2, 3, 16, 16]"])
        #expect(result.groups.map(\.latency.sorted.count) == [3, 3])
        // 3 × 1 + 3 × 2 pictures.
        #expect(abs(result.throughput * result.seconds - 9) < 1e-6)
    }

    @Test func batchesCountInTheThroughput() async throws {
        let benchmark = try PreparedBenchmark(Small.options("dynamic.onnx") { ($0.shape, $0.batch) = ("input[1,3,8,8]", 5) })
        #expect(benchmark.inputs[0].dataShapes == [[5, 3, 8, 8]])
        let result = try await benchmark.measure()
        #expect(result.batch == 5)
        #expect(abs(result.throughput * result.seconds - 20) < 1e-6)
    }

    @Test func wrongOptionsAreRefused() {
        func refused(_ name: String = "model.onnx", _ change: (inout BenchmarkOptions) -> Void) {
            #expect(throws: BenchmarkError.self) { try PreparedBenchmark(Small.options(name, change)) }
        }
        refused { $0.shape = "other[1,3,16,16]" }
        refused { $0.shape = "input[1,3,16,16][1,3,8,8]" }
        refused { $0.shape = "input[1,4,16,16]" }
        refused { $0.layout = "NCH" }
        refused { $0.requests = 0 }
        refused { $0.seconds = -1 }
        refused { $0.streams = "many" }
        refused { $0.precision = "f33" }
        refused { $0.precision = "GPU:f16" }
        refused { $0.inputOutputPrecision = "nothing:f16" }
        refused { $0.mean = "[1,b,2]" }
        refused { $0.inputs = ["/nowhere.npy"] }
        refused("dynamic.onnx") { $0.dataShape = "input[1,4,8,8]" }
        refused("dynamic.onnx") { ($0.dataShape, $0.inferenceOnly) = ("input[1,3,8,8][1,3,16,16]", true) }
    }

    @Test func picturesFillTheBatchInTheLayout() throws {
        let folder = try TemporaryFolder()
        let red = folder.path + "/red.png"
        let blue = folder.path + "/blue.png"
        try RGBImage(width: 4, height: 4, filledWith: RGBPixel(red: 200, green: 0, blue: 0)).write(to: red)
        try RGBImage(width: 4, height: 4, filledWith: RGBPixel(red: 0, green: 0, blue: 100)).write(to: blue)
        let benchmark = try PreparedBenchmark(
            Small.options("dynamic.onnx") { ($0.shape, $0.inputs) = ("input[2,3,8,8]", [red, blue]) })
        let tensor = try #require(benchmark.data?.values(0).first?.tensor)
        #expect(tensor.elementType == .u8)
        let values = try tensor.elements(as: UInt8.self)
        // The first picture's red plane, its green one, and the second's blue plane.
        #expect(Set(values[0..<64]) == [200])
        #expect(Set(values[64..<192]) == [0])
        #expect(Set(values[320..<384]) == [100])
    }

    @Test func rawElementsMustHaveTheSize() throws {
        let folder = try TemporaryFolder()
        let right = try folder.write("right.bin", [UInt8](repeating: 0, count: 3 * 16 * 16 * 4)).path
        let wrong = try folder.write("wrong.bin", [UInt8](repeating: 0, count: 8)).path
        #expect(try PreparedBenchmark(Small.options("model.onnx") { $0.inputs = ["input:\(right)"] }).data?.count == 1)
        #expect(throws: BenchmarkError.self) {
            try PreparedBenchmark(Small.options("model.onnx") { $0.inputs = [wrong] })
        }
    }

    @Test func conversionsBecomePartOfTheModel() throws {
        let benchmark = try PreparedBenchmark(
            Small.options("model.onnx") {
                ($0.mean, $0.scale, $0.outputPrecision) = ("[1,2,3]", "[2,2,2]", .f16)
            })
        #expect(benchmark.loaded.compiled.inputs[0].elementType == .u8)
        #expect(benchmark.loaded.compiled.outputs[0].elementType == .f16)
        let own = try PreparedBenchmark(Small.options("model.onnx") { $0.inputPrecision = .f32 })
        #expect(own.loaded.compiled.inputs[0].elementType == .f32)
    }

    @Test func randomValuesAreTheSameAtEveryCall() throws {
        for type in [ElementType.f32, .f16, .u8, .i8, .i64, .boolean, .u4] {
            let (one, two) = (try Tensor.random([3, 5], of: type), try Tensor.random([3, 5], of: type))
            #expect(one.withUnsafeBytes { Array($0) } == two.withUnsafeBytes { Array($0) }, "\(type)")
            #expect(Set(one.withUnsafeBytes { Array($0) }).count > 1, "\(type)")
        }
        let values = try Tensor.random([1000], of: .f32).elements(as: Float.self)
        #expect(values.allSatisfy { (0..<255).contains($0) })
        #expect((values.max() ?? 0) > 240)
    }
}
