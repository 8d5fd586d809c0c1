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
