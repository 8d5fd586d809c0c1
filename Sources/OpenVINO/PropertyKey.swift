public import TensorStore

/// A property's name and the type of its values.
///
/// Add keys in an extension, or read any property as text: `core.property(PropertyKey<String>("CPU_DENORMALS_OPTIMIZATION"))`.
public struct PropertyKey<Value: PropertyValue>: Sendable, Hashable {
    public let name: String
    public init(_ name: String) { self.name = name }

    /// - Throws: `.property` if `text` is not a value of this property's type.
    func value(of text: String) throws(OpenVINOError) -> Value {
        guard let value = Value(propertyText: text) else {
            throw .property(key: name, expected: "\(Value.self)", found: text)
        }
        return value
    }
}

extension PropertyKey where Value == ElementType {
    public static var inferencePrecision: Self { Self("INFERENCE_PRECISION_HINT") }
    public static var kvCachePrecision: Self { Self("KV_CACHE_PRECISION") }
}

extension PropertyKey where Value == Int {
    /// Number of inference threads over all streams; 0 lets the device choose.
    public static var numThreads: Self { Self("INFERENCE_NUM_THREADS") }
    /// Number of requests that the application runs concurrently; 0 if unknown.
    public static var performanceHintNumRequests: Self { Self("PERFORMANCE_HINT_NUM_REQUESTS") }
    /// Number of activations that share a scale in dynamic quantization for compressed weights; 0 turns it off.
    public static var dynamicQuantizationGroupSize: Self { Self("DYNAMIC_QUANTIZATION_GROUP_SIZE") }
    /// Read-only, of a compiled model.
    public static var optimalNumberOfInferRequests: Self { Self("OPTIMAL_NUMBER_OF_INFER_REQUESTS") }
}

extension PropertyKey where Value == UInt64 {
    public static var cacheBlobID: Self { Self("CACHE_BLOB_ID") }
}

extension PropertyKey where Value == StreamCount {
    public static var numStreams: Self { Self("NUM_STREAMS") }
}

extension PropertyKey where Value == PerformanceMode {
    public static var performanceMode: Self { Self("PERFORMANCE_HINT") }
}

extension PropertyKey where Value == ExecutionMode {
    public static var executionMode: Self { Self("EXECUTION_MODE_HINT") }
}

extension PropertyKey where Value == SchedulingCoreType {
    public static var schedulingCoreType: Self { Self("SCHEDULING_CORE_TYPE") }
}

extension PropertyKey where Value == LogLevel {
    public static var logLevel: Self { Self("LOG_LEVEL") }
}

extension PropertyKey where Value == Bool {
    /// Whether inferences are timed for `InferRequest.profilingInfo()`.
    public static var enableProfiling: Self { Self("PERF_COUNT") }
    public static var enableHyperThreading: Self { Self("ENABLE_HYPER_THREADING") }
    public static var enableCPUPinning: Self { Self("ENABLE_CPU_PINNING") }
    /// Whether weight files are mapped rather than read; a property of `Device.core`.
    public static var enableMmap: Self { Self("ENABLE_MMAP") }
    /// Read-only, of a compiled model: whether it was loaded from the cache folder.
    public static var loadedFromCache: Self { Self("LOADED_FROM_CACHE") }
}

extension PropertyKey where Value == String {
    /// Cache folder for compiled models; empty for none.
    public static var cacheDirectory: Self { Self("CACHE_DIR") }
    /// Read-only: such as "Intel(R) Xeon(R) Processor @ 2.50GHz".
    public static var fullDeviceName: Self { Self("FULL_DEVICE_NAME") }
    /// Read-only, of a compiled model.
    public static var modelName: Self { Self("NETWORK_NAME") }
}

extension PropertyKey where Value == [String] {
    /// Read-only: such as FP32, INT8, EXPORT_IMPORT.
    public static var optimizationCapabilities: Self { Self("OPTIMIZATION_CAPABILITIES") }
    /// Read-only: names of the supported properties.
    public static var supportedProperties: Self { Self("SUPPORTED_PROPERTIES") }
    /// Read-only, of a compiled model.
    public static var executionDevices: Self { Self("EXECUTION_DEVICES") }
}
