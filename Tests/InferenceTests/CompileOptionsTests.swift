@testable import Inference
import OpenVINO
import TensorStore
import Testing

@Suite struct CompileOptionsTests {
    @Test func defaultsAreExact() {
        let expected: Properties = [
            .performanceMode(.throughput), .numStreams(1), .enableHyperThreading(false), .inferencePrecision(.f32),
            .dynamicQuantizationGroupSize(0), .kvCachePrecision(.f32),
        ]
        #expect(CompileOptions().runtimeProperties == expected)
    }

    @Test func precisions() {
        func precision(_ precision: CompileOptions.Precision) -> String? {
            CompileOptions(precision: precision).runtimeProperties["INFERENCE_PRECISION_HINT"]
        }
        #expect(precision(.auto) == CompileOptions(precision: .auto).namedPrecision.rawValue)
        #expect(precision(.f32) == "f32")
        #expect(precision(.f16) == "f16")
        #expect(precision(.bf16) == "bf16")
        for precision in CompileOptions.Precision.allCases {
            #expect(CompileOptions(precision: precision).runtimeProperties["DYNAMIC_QUANTIZATION_GROUP_SIZE"] == "0")
        }
    }

    @Test func autoIsNamed() {
        func named(_ device: Device, _ features: String) -> CompileOptions.Precision {
            CompileOptions.Precision.auto.named(on: device, Processor(cpuInfo: "flags : \(features)\n"))
        }
        #expect(named("CPU", "avx2") == .f32)
        #expect(named("CPU", "avx512_bf16 avx512_vnni") == .f32)
        #expect(named("CPU", "avx512_bf16 amx_bf16") == .bf16)
        #expect(named("GPU.1", "avx2") == .f16)
        #expect(named("NPU", "amx_bf16") == .f32)
        #expect(named("HETERO:GPU,CPU", "amx_bf16") == .f32)
        #expect(CompileOptions.Precision.f16.named(on: "CPU") == .f16)
        #expect(CompileOptions(precision: .auto).withExactDefault.precision == .f32)
        #expect(CompileOptions(precision: .bf16).withExactDefault.precision == .bf16)
    }

    @Test func precisionsOfProcessors() {
        let (old, new) = (Processor(cpuInfo: "flags : avx2\n"), Processor(cpuInfo: "flags : avx2 avx512_bf16\n"))
        #expect(CompileOptions.Precision.bf16.isAvailable(on: "CPU", new))
        #expect(!CompileOptions.Precision.bf16.isAvailable(on: "CPU", old))
        #expect(!CompileOptions.Precision.f16.isAvailable(on: "CPU", new))
        #expect(CompileOptions.Precision.f16.isAvailable(on: "GPU", old))
        #expect(CompileOptions.Precision.f32.isAvailable(on: "CPU", old))
    }

    /// Plugins refuse properties that they don't know.
    @Test(arguments: ["GPU", "GPU.1", "NPU", "AUTO:GPU,CPU", "HETERO:GPU,CPU"])
    func otherDevicesGetNoneOfTheCPUsProperties(_ name: String) {
        let properties = CompileOptions(device: Device(name), threads: 2).runtimeProperties
        for key in [
            "DYNAMIC_QUANTIZATION_GROUP_SIZE", "KV_CACHE_PRECISION", "INFERENCE_NUM_THREADS", "ENABLE_HYPER_THREADING",
            "NUM_STREAMS",
        ] {
            #expect(properties[key] == nil, "\(key)")
        }
        #expect(properties["PERFORMANCE_HINT"] == "LATENCY")
        #expect(properties["INFERENCE_PRECISION_HINT"] == "f32")
    }

    @Test func threadsAndProfiling() {
        let options = CompileOptions(threads: 3, profiling: true)
        #expect(options.runtimeProperties["INFERENCE_NUM_THREADS"] == "3")
        #expect(CompileOptions().runtimeProperties["INFERENCE_NUM_THREADS"] == nil)
        #expect(CompileOptions().runtimeProperties["PERF_COUNT"] == nil)
        #expect(options.runtimeProperties["PERF_COUNT"] != nil)
    }

    @Test func ownPropertiesHold() {
        let options = CompileOptions(threads: 3, properties: [.numThreads(1), .inferencePrecision(.bf16), .custom("X", "y")])
        #expect(options.runtimeProperties["INFERENCE_NUM_THREADS"] == "1")
        #expect(options.runtimeProperties["INFERENCE_PRECISION_HINT"] == "bf16")
        #expect(options.runtimeProperties["X"] == "y")
        #expect(options.runtimeProperties["DYNAMIC_QUANTIZATION_GROUP_SIZE"] == "0")
    }
}

@Suite struct ProcessorTests {
    private func processor(_ flags: String) -> Processor {
        Processor(cpuInfo: "processor\t: 0\nmodel name\t: Some CPU @ 2.0 GHz\nflags\t\t: fpu \(flags) avx2\n\nprocessor\t: 1\n")
    }

    @Test func featuresOfProcInfo() {
        #expect(processor("").name == "Some CPU @ 2.0 GHz")
        #expect(processor("fma").features == ["fpu", "fma", "avx2"])
        #expect(Processor(cpuInfo: "").name == "unknown processor")
        #expect(Processor.current.features.contains("avx2") || !Processor.current.features.contains("fma"))
    }

    @Test(arguments: [("", true), ("avx512f", true), ("avx_vnni", false), ("avx512_vnni", false), ("amx_int8", false)])
    func saturation(_ flags: String, _ saturates: Bool) { #expect(processor(flags).saturatesInt8 == saturates) }
}
