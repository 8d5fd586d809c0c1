import Foundation
import OpenVINO
import TensorStore
import Testing

struct PropertiesTests {
    @Test func theLastValueOfAKeyHolds() {
        let properties: Properties = [.numThreads(1), .inferencePrecision(.bf16), .numThreads(4)]
        #expect(properties["INFERENCE_NUM_THREADS"] == "4")
        let merged = properties.merging([.inferencePrecision(.f32)])
        #expect(merged.description == "INFERENCE_NUM_THREADS=4 INFERENCE_PRECISION_HINT=f32")
        #expect(properties["CACHE_DIR"] == nil)
    }

    @Test func deviceKeepsWhatIsSet() throws {
        // A separate core, since properties apply to all models that a core compiles.
        let core = try Core()
        try core.set([.numThreads(1), .performanceMode(.throughput), .enableProfiling(true), .kvCachePrecision(.f32)])
        #expect(try core.property(.numThreads) == 1)
        #expect(try core.property(.performanceMode) == .throughput)
        #expect(try core.property(.enableProfiling))
        #expect(try core.property(.kvCachePrecision) == .f32)
        try core.set([.enableMmap(false)], of: .core)
        #expect(try core.property(.enableMmap, of: .core) == false)
        #expect(throws: OpenVINOError.property(key: "PERFORMANCE_HINT", expected: "Int", found: "THROUGHPUT")) {
            try core.property(PropertyKey<Int>("PERFORMANCE_HINT"))
        }
        expectFailure(saying: "Wrong value i8 for property key INFERENCE_PRECISION_HINT") {
            try core.set([.inferencePrecision(.i8)])
        }
    }

    /// The CPU accepts each property that has a function here.
    @Test(
        arguments: [
            .inferencePrecision(.f32), .inferencePrecision(.dynamic), .kvCachePrecision(.u8), .dynamicQuantizationGroupSize(0),
            .executionMode(.accuracy), .executionMode(.performance), .performanceMode(.latency), .performanceMode(.throughput),
            .performanceMode(.cumulativeThroughput), .performanceHintNumRequests(2), .numStreams(2), .numStreams(.auto),
            .numStreams(.numa), .numThreads(0), .enableHyperThreading(true), .enableCPUPinning(false), .schedulingCoreType(.any),
            .schedulingCoreType(.performanceCores), .schedulingCoreType(.efficiencyCores), .enableProfiling(true),
            .logLevel(.none), .cacheBlobID(7), .cacheDirectory(""),
        ] as [Property])
    func compilesWith(_ property: Property) throws {
        let core = try Core.shared
        let model = try core.compile(core.readModel(xml: IR.matMul(), weights: IR.weights), properties: [property])
        #expect(model.inputs.count == 1)
    }

    @Test func compiledModelTellsItsOwn() throws {
        let model = try compiled(IR.matMul(), weights: IR.weights, Properties.exact.merging([.numStreams(2), .numThreads(2)]))
        #expect(try model.property(.inferencePrecision) == .f32)
        #expect(try model.property(.dynamicQuantizationGroupSize) == 0)
        #expect(try model.property(.kvCachePrecision) == .f32)
        #expect(try model.property(.numStreams) == 2)
        #expect(try model.property(.optimalNumberOfInferRequests) == 2)
        #expect(try model.property(.executionDevices) == ["CPU"])
        #expect(try model.property(.modelName) == "mini")
        expectFailure(saying: "not possible to set property of an already compiled model") { try model.set([.numThreads(1)]) }
    }

    @Test func cacheDirectoryKeepsCompiledModels() throws {
        let (core, folder) = (try Core.shared, try TemporaryFolder())
        for expected in [false, true] {
            let model = try compiled(
                IR.matMul(), weights: IR.weights, [.cacheDirectory(folder.url.path), .cacheBlobID(42)])
            #expect(try model.property(.loadedFromCache) == expected)
            let request = try model.makeRequest()
            try request.setInput("x", to: ones([1, 3]))
            try request.infer()
            #expect(try request.outputTensor("y").elements(as: Float.self) == IR.sums)
        }
        #expect(try !FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
        #expect(try core.property(.cacheDirectory, of: .core).isEmpty)
    }
}
