public import TensorStore

/// A type of property values, which cross the C API as text.
public protocol PropertyValue: Sendable {
    /// nil where the text is none of this type's values.
    init?(propertyText: String)
    var propertyText: String { get }
}

extension PropertyValue where Self: RawRepresentable, RawValue == String {
    public init?(propertyText: String) { self.init(rawValue: propertyText) }
    public var propertyText: String { rawValue }
}

extension String: PropertyValue {
    public init?(propertyText: String) { self = propertyText }
    public var propertyText: String { self }
}

extension Bool: PropertyValue {
    public init?(propertyText: String) {
        switch propertyText.uppercased() {
        case "YES", "TRUE", "1": self = true
        case "NO", "FALSE", "0": self = false
        default: return nil
        }
    }
    public var propertyText: String { self ? "YES" : "NO" }
}

extension Int: PropertyValue {
    public init?(propertyText: String) { self.init(propertyText) }
    public var propertyText: String { String(self) }
}

extension UInt64: PropertyValue {
    public init?(propertyText: String) { self.init(propertyText) }
    public var propertyText: String { String(self) }
}

extension Double: PropertyValue {
    public init?(propertyText: String) { self.init(propertyText) }
    public var propertyText: String { String(self) }
}

extension ElementType: PropertyValue {}

/// Words separated by spaces, which may stand in brackets or be separated by commas.
extension [String]: PropertyValue {
    public init?(propertyText: String) {
        self = propertyText.split { " ,[]{}".contains($0) }.map(String.init)
    }
    public var propertyText: String { joined(separator: " ") }
}

/// What the device shall be good at.
public enum PerformanceMode: String, PropertyValue, Hashable {
    /// One request as soon as possible.
    case latency = "LATENCY"
    /// Many requests at once.
    case throughput = "THROUGHPUT"
    case cumulativeThroughput = "CUMULATIVE_THROUGHPUT"
}

/// Whether the device may trade accuracy for speed.
public enum ExecutionMode: String, PropertyValue, Hashable {
    case performance = "PERFORMANCE"
    case accuracy = "ACCURACY"
}

/// Which kinds of cores run inference.
public enum SchedulingCoreType: String, PropertyValue, Hashable {
    case any = "ANY_CORE"
    case performanceCores = "PCORE_ONLY"
    case efficiencyCores = "ECORE_ONLY"
}

/// How many streams a device runs: groups of threads that each infer one request at a time.
public enum StreamCount: PropertyValue, Hashable {
    case auto
    /// One for each NUMA node.
    case numa
    case count(Int)

    public init?(propertyText: String) {
        switch propertyText {
        case "AUTO", "-1": self = .auto
        case "NUMA", "-2": self = .numa
        default:
            guard let count = Int(propertyText) else { return nil }
            self = .count(count)
        }
    }

    public var propertyText: String {
        switch self {
        case .auto: "AUTO"
        case .numa: "NUMA"
        case .count(let count): String(count)
        }
    }
}

extension StreamCount: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self = .count(value) }
}

/// How much the runtime writes to the standard output.
public enum LogLevel: String, PropertyValue, Hashable {
    case none = "LOG_NONE"
    case error = "LOG_ERROR"
    case warning = "LOG_WARNING"
    case info = "LOG_INFO"
    case debug = "LOG_DEBUG"
    case trace = "LOG_TRACE"
}
