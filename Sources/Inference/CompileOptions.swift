public import OpenVINO
import TensorStore

/// How networks are compiled.
public struct CompileOptions: Sendable {
    /// What inference may compute in.
    public enum Precision: String, Sendable, CaseIterable {
        /// What the device likes best: bf16 on CPUs with AMX, f16 on GPUs.
        case auto
        case f32, f16, bf16
    }

    public var device: Device
    /// f32 unless asked otherwise, also on machines whose own default is lower: pictures then match the reference.
    public var precision: Precision
    /// nil lets the device choose.
    public var threads: Int?
    /// Where compiled networks are kept for the next start; nil for nowhere.
    public var cacheDirectory: String?
    /// Whether requests measure their nodes.
    public var profiling: Bool
    /// Further properties, over all others.
    public var properties: Properties

    public init(
        device: Device = .cpu, precision: Precision = .f32, threads: Int? = nil, cacheDirectory: String? = nil,
        profiling: Bool = false, properties: Properties = []
    ) {
        self.device = device
        self.precision = precision
        self.threads = threads
        self.cacheDirectory = cacheDirectory
        self.profiling = profiling
        self.properties = properties
    }

    /// As the runtime takes them.
    var runtimeProperties: Properties {
        var result: Properties = [.performanceMode(.latency)]
        switch precision {
        case .auto: break
        case .f32: result = result.merging(.exact)
        case .f16: result.set(.inferencePrecision(.f16))
        case .bf16: result.set(.inferencePrecision(.bf16))
        }
        // Only CPUs know the properties of quantization on the fly and of threads.
        if !device.name.hasPrefix("CPU") {
            result["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = nil
            result["KV_CACHE_PRECISION"] = nil
        } else if let threads {
            result.set(.numThreads(threads))
        }
        if profiling { result.set(.enableProfiling(true)) }
        return result.merging(properties)
    }
}
