public import OpenVINO
import TensorStore

/// Options of compiling a network.
public struct CompileOptions: Sendable {
    /// The precision of inference.
    public enum Precision: String, Sendable, CaseIterable {
        /// The device's own choice: bf16 on CPUs with AMX, f16 on GPUs.
        case auto
        case f32, f16, bf16
    }

    public var device: Device
    /// f32 by default, also on machines whose own default is lower: pictures then match the reference.
    public var precision: Precision
    /// nil lets the device choose.
    public var threads: Int?
    /// The folder that keeps compiled networks for the next start; nil for none.
    public var cacheDirectory: String?
    /// Whether requests measure their nodes.
    public var profiling: Bool
    /// Paths of shared libraries with operations that the runtime itself does not have, built for its version.
    public var extensions: [String]
    /// Further properties, which override all others.
    public var properties: Properties

    public init(
        device: Device = .cpu, precision: Precision = .f32, threads: Int? = nil, cacheDirectory: String? = nil,
        profiling: Bool = false, extensions: [String] = [], properties: Properties = []
    ) {
        self.device = device
        self.precision = precision
        self.threads = threads
        self.cacheDirectory = cacheDirectory
        self.profiling = profiling
        self.extensions = extensions
        self.properties = properties
    }

    /// Whether the network runs on the CPU alone.
    var isForCPU: Bool { device.name.hasPrefix("CPU") }

    /// The options as the runtime's properties, without those of the cache.
    var runtimeProperties: Properties {
        var result: Properties = [.performanceMode(.latency)]
        switch precision {
        case .auto: break
        case .f32: result = result.merging(.exact)
        case .f16: result.set(.inferencePrecision(.f16))
        case .bf16: result.set(.inferencePrecision(.bf16))
        }
        // Only CPUs know the properties of dynamic quantization and of threads.
        if !isForCPU {
            result["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = nil
            result["KV_CACHE_PRECISION"] = nil
        } else if let threads {
            result.set(.numThreads(threads))
        }
        if profiling { result.set(.enableProfiling(true)) }
        return result.merging(properties)
    }
}
