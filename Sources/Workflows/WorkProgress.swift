public import Foundation

/// A phase or a step of long work.
public enum WorkProgress: Sendable, Equatable {
    /// A phase of `count` steps begins.
    case phase(String, count: Int)
    /// A step of the phase is done.
    case step
}

/// The middle value, or the mean of the middle two.
/// - Precondition: there is a value.
public func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

extension Encodable {
    /// The value as JSON with sorted keys, on several lines.
    public func reportJSON() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}

extension Duration {
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
