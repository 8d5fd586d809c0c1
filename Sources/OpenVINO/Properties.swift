import COpenVINO
public import TensorStore

/// A property with the value that it shall have: `.numThreads(2)`.
public struct Property: Sendable, Hashable {
    public let key: String
    /// As the C API takes it.
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

    /// The type that inference may compute in: f32, f16, bf16, or `dynamic` for what the device likes best. A CPU without
    /// instructions for f16 or bf16 stays with f32.
    public static func inferencePrecision(_ type: ElementType) -> Property { Property(.inferencePrecision, type) }
    /// The type that a fused stateful attention keeps keys and values in: u8 (the CPU's default), u4, f16, bf16, f32.
    public static func kvCachePrecision(_ type: ElementType) -> Property { Property(.kvCachePrecision, type) }
    /// 0 computes matrix products with compressed weights in the inference precision; otherwise activations are
    /// quantized to INT8 in groups of this many (32 by default on CPUs with VNNI).
    public static func dynamicQuantizationGroupSize(_ size: Int) -> Property { Property(.dynamicQuantizationGroupSize, size) }
    public static func executionMode(_ mode: ExecutionMode) -> Property { Property(.executionMode, mode) }

    public static func performanceMode(_ mode: PerformanceMode) -> Property { Property(.performanceMode, mode) }
    public static func performanceHintNumRequests(_ count: Int) -> Property { Property(.performanceHintNumRequests, count) }
    public static func numStreams(_ count: StreamCount) -> Property { Property(.numStreams, count) }
    /// 0 lets the device choose.
    public static func numThreads(_ count: Int) -> Property { Property(.numThreads, count) }
    public static func enableHyperThreading(_ enabled: Bool) -> Property { Property(.enableHyperThreading, enabled) }
    public static func enableCPUPinning(_ enabled: Bool) -> Property { Property(.enableCPUPinning, enabled) }
    public static func schedulingCoreType(_ type: SchedulingCoreType) -> Property { Property(.schedulingCoreType, type) }

    /// Keeps compiled models in a folder, which is made where it is missing; an empty path turns that off.
    public static func cacheDirectory(_ path: String) -> Property { Property(.cacheDirectory, path) }
    /// Names the model in the cache, instead of a hash over all its weights. It must differ whenever the model does.
    public static func cacheBlobID(_ id: UInt64) -> Property { Property(.cacheBlobID, id) }
    /// For `Device.core`.
    public static func enableMmap(_ enabled: Bool) -> Property { Property(.enableMmap, enabled) }

    public static func enableProfiling(_ enabled: Bool) -> Property { Property(.enableProfiling, enabled) }
    public static func logLevel(_ level: LogLevel) -> Property { Property(.logLevel, level) }
}

/// A set of properties, one value a key: `[.inferencePrecision(.f32), .numThreads(2)]`. The last value given to a key holds.
public struct Properties: Sendable, Hashable {
    private var values: [String: String] = [:]

    public init(_ properties: some Sequence<Property> = []) {
        for property in properties { set(property) }
    }

    /// The text that a key has here; nil for none.
    public subscript(key: String) -> String? {
        get { values[key] }
        set { values[key] = newValue }
    }

    public mutating func set(_ property: Property) { values[property.key] = property.value }

    /// These, with `other` over them.
    public func merging(_ other: Properties) -> Properties {
        var result = self
        result.values.merge(other.values) { _, new in new }
        return result
    }

    /// Everything in f32, with no quantization on the fly: for results that can be compared with a reference.
    public static let exact: Properties = [.inferencePrecision(.f32), .dynamicQuantizationGroupSize(0), .kvCachePrecision(.f32)]

    /// Lends the set as an array of the C API's pairs.
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
