public import TensorStore

/// A type of property values. The C API passes values as text.
public protocol PropertyValue: Sendable {
    /// Parses a value; nil if the text is not a value of this type.
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

/// Words separated by spaces or commas, with or without brackets around them.
extension [String]: PropertyValue {
    public init?(propertyText: String) {
        self = propertyText.split { " ,[]{}".contains($0) }.map(String.init)
    }
    public var propertyText: String { joined(separator: " ") }
}

/// Performance hint to a device.
public enum PerformanceMode: String, PropertyValue, Hashable {
    /// Short time per request.
    case latency = "LATENCY"
    /// Many requests per second, run concurrently.
    case throughput = "THROUGHPUT"
    case cumulativeThroughput = "CUMULATIVE_THROUGHPUT"
}

/// Hint whether a device may trade accuracy for speed.
public enum ExecutionMode: String, PropertyValue, Hashable {
    case performance = "PERFORMANCE"
    case accuracy = "ACCURACY"
}

/// Kinds of cores to run inference on.
public enum SchedulingCoreType: String, PropertyValue, Hashable {
    case any = "ANY_CORE"
    case performanceCores = "PCORE_ONLY"
    case efficiencyCores = "ECORE_ONLY"
}

/// Number of a device's streams. A stream is a group of threads that runs one request at a time.
public enum StreamCount: PropertyValue, Hashable {
    case auto
    /// One per NUMA node.
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

/// Verbosity of the runtime's log on standard output.
public enum LogLevel: String, PropertyValue, Hashable {
    case none = "LOG_NONE"
    case error = "LOG_ERROR"
    case warning = "LOG_WARNING"
    case info = "LOG_INFO"
    case debug = "LOG_DEBUG"
    case trace = "LOG_TRACE"
}
