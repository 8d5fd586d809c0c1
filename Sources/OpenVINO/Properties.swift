import COpenVINO
public import TensorStore

/// A property and its value: `.numThreads(2)`.
public struct Property: Sendable, Hashable {
    public let key: String
    /// The value as text, as the C API takes it.
    public let value: String

    public init<Value>(_ key: PropertyKey<Value>, _ value: Value) {
        self.key = key.name
        self.value = value.propertyText
    }

    private init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

extension Property {
    /// Any property by its name in the runtime.
    public static func custom(_ key: String, _ value: String) -> Property { Property(key: key, value: value) }

    /// Computation type of inference: f32, f16, bf16, or `dynamic` for the device's preferred type. A CPU without f16 or
    /// bf16 instructions computes in f32.
    public static func inferencePrecision(_ type: ElementType) -> Property { Property(.inferencePrecision, type) }
    /// Storage type of keys and values in fused stateful attention: u8 (the CPU's default), u4, f16, bf16, f32.
    public static func kvCachePrecision(_ type: ElementType) -> Property { Property(.kvCachePrecision, type) }
    /// Group size for quantizing activations to INT8 in matrix products with compressed weights (32 by default on CPUs
    /// with VNNI). 0 turns this off: such products are computed in the inference precision.
    public static func dynamicQuantizationGroupSize(_ size: Int) -> Property { Property(.dynamicQuantizationGroupSize, size) }
    public static func executionMode(_ mode: ExecutionMode) -> Property { Property(.executionMode, mode) }

    public static func performanceMode(_ mode: PerformanceMode) -> Property { Property(.performanceMode, mode) }
    public static func performanceHintNumRequests(_ count: Int) -> Property { Property(.performanceHintNumRequests, count) }
    public static func numStreams(_ count: StreamCount) -> Property { Property(.numStreams, count) }
    /// Number of threads; 0 lets the device choose.
    public static func numThreads(_ count: Int) -> Property { Property(.numThreads, count) }
    public static func enableHyperThreading(_ enabled: Bool) -> Property { Property(.enableHyperThreading, enabled) }
    public static func enableCPUPinning(_ enabled: Bool) -> Property { Property(.enableCPUPinning, enabled) }
    public static func schedulingCoreType(_ type: SchedulingCoreType) -> Property { Property(.schedulingCoreType, type) }

    /// Cache folder for compiled models, created if missing; an empty path turns caching off.
    public static func cacheDirectory(_ path: String) -> Property { Property(.cacheDirectory, path) }
    /// Identifier of the model in the cache, used instead of a hash over all weights. Different models need different ones.
    public static func cacheBlobID(_ id: UInt64) -> Property { Property(.cacheBlobID, id) }
    /// Property of `Device.core`: whether weight files are mapped rather than read.
    public static func enableMmap(_ enabled: Bool) -> Property { Property(.enableMmap, enabled) }

    public static func enableProfiling(_ enabled: Bool) -> Property { Property(.enableProfiling, enabled) }
    public static func logLevel(_ level: LogLevel) -> Property { Property(.logLevel, level) }
}

/// A set of properties with one value per key: `[.inferencePrecision(.f32), .numThreads(2)]`. The last value of a key counts.
public struct Properties: Sendable, Hashable {
    private var values: [String: String] = [:]

    public init(_ properties: some Sequence<Property> = []) {
        for property in properties { set(property) }
    }

    /// A key's value as text; nil if not set.
    public subscript(key: String) -> String? {
        get { values[key] }
        set { values[key] = newValue }
    }

    public mutating func set(_ property: Property) { values[property.key] = property.value }

    /// These properties, overridden by those of `other`.
    public func merging(_ other: Properties) -> Properties {
        var result = self
        result.values.merge(other.values) { _, new in new }
        return result
    }

    /// Computation in f32 without dynamic quantization, for comparison with a reference.
    public static let exact: Properties = [.inferencePrecision(.f32), .dynamicQuantizationGroupSize(0), .kvCachePrecision(.f32)]

    /// Lends the set as an array of `ov_property_t`.
    /// - Throws: `.embeddedNUL`, `.pointerProperty`, and the errors of `body`.
    func withCProperties<Result>(
        _ body: (Int, UnsafePointer<ov_property_t>?) throws(OpenVINOError) -> Result
    ) throws(OpenVINOError) -> Result {
        let pairs = values.sorted { $0.key < $1.key }
        for (key, value) in pairs {
            try requireNoNUL(key, in: "name of a property")
            try requireNoNUL(value, in: "value of \(key)")
            guard key != "CACHE_ENCRYPTION_CALLBACKS" else { throw .pointerProperty(key: key) }
        }
        return try withCStrings(pairs.flatMap { [$0.key, $0.value] }) { (texts) throws(OpenVINOError) in
            let cProperties = pairs.indices.map { ov_property_t(key: texts[2 * $0], value: UnsafeRawPointer(texts[2 * $0 + 1])) }
            return try body(cProperties.count, cProperties)
        }
    }
}

extension Properties: ExpressibleByArrayLiteral {
    public init(arrayLiteral properties: Property...) { self.init(properties) }
}

extension Properties: CustomStringConvertible {
    public var description: String { values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ") }
}

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
