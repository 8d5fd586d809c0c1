/// The members of a JSON object in the order of the text.
///
/// Keys are told apart byte by byte: `String`'s own equality takes "é" composed and decomposed for one.
public struct JSONObject: Sendable {
    public private(set) var keys: [String] = []
    public private(set) var values: [JSONValue] = []
    /// Positions by key, once there are more keys than are quickly searched one by one.
    private var positions: [ExactKey: Int] = [:]
    private static let searchLimit = 8

    public init() {}

    /// The value of `key`.
    public subscript(key: String) -> JSONValue? { position(of: key).map { values[$0] } }

    /// Adds a member at the end; false, and nothing added, where the key is there already.
    mutating func append(_ key: String, _ value: JSONValue) -> Bool {
        guard position(of: key) == nil else { return false }
        keys.append(key)
        values.append(value)
        if keys.count > Self.searchLimit {
            let first = positions.isEmpty ? 0 : keys.count - 1
            for index in first..<keys.count { positions[ExactKey(text: keys[index])] = index }
        }
        return true
    }

    private func position(of key: String) -> Int? {
        guard positions.isEmpty else { return positions[ExactKey(text: key)] }
        return keys.firstIndex { $0.utf8.elementsEqual(key.utf8) }
    }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { keys.count }
    public subscript(index: Int) -> (key: String, value: JSONValue) { (keys[index], values[index]) }
}

extension JSONObject: Equatable {
    /// Whether both have the same members, in whatever order.
    public static func == (a: JSONObject, b: JSONObject) -> Bool {
        a.count == b.count && a.allSatisfy { b[$0.key] == $0.value }
    }
}

/// A string that equals another only where all bytes do.
private struct ExactKey: Hashable {
    let text: String

    static func == (a: ExactKey, b: ExactKey) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
