import COpenVINO
import TensorStore

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
