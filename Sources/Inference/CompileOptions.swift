import ModelGraph
public import OpenVINO
import TensorStore

/// Options of compiling a network.
public struct CompileOptions: Sendable {
    public var device: Device
    /// f32 by default, also on machines whose own default is lower: results then match the reference.
    public var precision: Precision
    /// nil lets the device choose.
    public var threads: Int?
    /// The folder that keeps compiled networks for the next start; nil for none.
    public var cacheDirectory: String?
    /// Whether requests measure their nodes.
    public var profiling: Bool
    /// Paths of shared libraries with operations that the runtime itself does not have, built for its version.
    public var extensions: [String]
    /// The path of an XML file that binds custom operations to OpenCL kernels; for GPUs.
    public var gpuKernels: String?
    /// CPUs: the number of channels that share a scale where activations are rounded to 8 bits to be multiplied with weights in 8
    /// bits; 0 for products in floating point.
    public var dynamicQuantizationGroup = 0
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
    public var isForCPU: Bool { device.name.hasPrefix("CPU") }

    /// The options as the runtime's properties, without those of the cache.
    var runtimeProperties: Properties {
        // Dynamic quantization, which devices turn on by themselves, is another loss than that of the precision.
        var result: Properties = isForCPU ? .oneStream : [.performanceMode(.latency)]
        switch namedPrecision {
        case .f16: result.set(.inferencePrecision(.f16))
        case .bf16: result.set(.inferencePrecision(.bf16))
        case .f32, .auto: result = result.merging(.exact)
        }
        result.set(.dynamicQuantizationGroupSize(dynamicQuantizationGroup))
        // Only CPUs know the properties of dynamic quantization and of threads.
        if !isForCPU {
            result["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = nil
            result["KV_CACHE_PRECISION"] = nil
        } else if let threads {
            result.set(.numThreads(threads))
        }
        if profiling { result.set(.enableProfiling(true)) }
        if let gpuKernels { result["CONFIG_FILE"] = gpuKernels }
        return result.merging(properties)
    }
}

extension Properties {
    /// All threads of a CPU for one request at a time, as the hint "latency" means, without its binding of memory.
    ///
    /// With that hint the runtime binds the memory of every bias to a NUMA node and never takes this back, even where there
    /// is only one. Each splits a mapping of the heap in two: after some hundred networks a process is at the kernel's
    /// limit of mappings (65,530), and can get no memory.
    fileprivate static var oneStream: Self {
        [.performanceMode(.throughput), .numStreams(1), .enableHyperThreading(false)]
    }
}

extension SerializedModel {
    /// A hash of everything that the compiled network depends on: the graph, the states of the files with its weights, the
    /// compile options with the extension libraries, and the inputs' shapes.
    ///
    /// With it the runtime finds a network in its cache without reading the weights.
    /// - Throws: `FileError` where an extension library can't be opened.
    func identity(_ options: CompileOptions, shapes: [String: PartialShape] = [:]) throws(FileError) -> UInt64 {
        var hash = FNV1a()
        hash.combine(xml.utf8)
        for file in weights.files { hash.combine("\(file.path) \(file.identity)".utf8) }
        let shapes = shapes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        hash.combine("\(options.device.name) \(options.runtimeProperties) \(shapes)".utf8)
        let files = options.extensions + (options.gpuKernels.map { [$0] } ?? [])
        for file in try ExtensionLibraries.identities(files) { hash.combine(file.utf8) }
        weights.bytes[weights.inlineOffset...].withContiguousStorageIfAvailable { hash.combine($0) }
        return hash.value
    }
}

/// FNV-1a, 64 bits: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv.
private struct FNV1a {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
