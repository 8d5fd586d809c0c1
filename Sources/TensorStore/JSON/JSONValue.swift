/// A value of a JSON text.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number written without fraction and exponent that `Int` can hold.
    case integer(Int)
    /// Any other number; finite.
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Reads a whole text in UTF-8.
    ///
    /// Strict (RFC 8259): no comments, no trailing commas, no byte order mark, no `NaN`; beyond the grammar, a key twice in
    /// one object is refused, and so are more than 128 levels of nesting.
    public init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(bytes)
        self = try scanner.document()
    }

    /// Reads a whole text in UTF-8 (see the form over raw bytes).
    public init(parsing bytes: some Sequence<UInt8>) throws(JSONError) {
        let result = Array(bytes).withUnsafeBytes { bytes in Result { () throws(JSONError) in try JSONValue(parsing: bytes) } }
        self = try result.get()
    }

    public var isNull: Bool { self == .null }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// A whole number written as one: `1`, not `1.0`.
    public var int: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// Any number.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member `key` of an object; nil where it has none, or this is not an object.
    public subscript(key: String) -> JSONValue? { object?[key] }
}

extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral
{
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: CustomStringConvertible {
    /// The value as JSON, on one line.
    public var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): value.quotedAsJSON
        case .array(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\($0.key.quotedAsJSON): \($0.value)" }.joined(separator: ", ") + "}"
        }
    }
}

extension String {
    /// The string in quotes, escaped no further than JSON needs.
    var quotedAsJSON: String {
        var quoted = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{8}": quoted += "\\b"
            case "\u{C}": quoted += "\\f"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension JSONValue {
    /// Reads JSON as Python's `json` writes it, in UTF-8.
    ///
    /// It writes `-Infinity`, `Infinity` and `NaN`, which JSON does not have, and so do published configs (for
    /// `lambda_min_clipped`, where it means no bound): outside of strings, these are read as null, an option left out.
    /// - Throws: `JSONError` where the text is not JSON otherwise.
    public init(parsingPython text: some Sequence<UInt8>) throws(JSONError) {
        let bytes = Array(text)
        var clean: [UInt8] = []
        clean.reserveCapacity(bytes.count)
        var (index, isString) = (0, false)
        while index < bytes.count {
            let rest = bytes[index...]
            if !isString, let word = Self.nonFiniteWords.first(where: { rest.starts(with: $0) }) {
                clean += "null".utf8
                index += word.count
                continue
            }
            let byte = bytes[index]
            // An escaped character, such as a quotation mark, ends no string.
            let length = isString && byte == UInt8(ascii: "\\") ? min(2, bytes.count - index) : 1
            if byte == UInt8(ascii: "\"") { isString.toggle() }
            clean += bytes[index..<index + length]
            index += length
        }
        try self.init(parsing: clean)
    }

    private static let nonFiniteWords = ["-Infinity", "Infinity", "NaN"].map { Array($0.utf8) }
}

extension JSONValue {
    /// An object of these members, each key once; those that are nil are left out.
    public static func members(_ members: [(String, JSONValue?)]) -> JSONValue {
        let text = members.compactMap { key, value in value.map { "\(JSONValue.string(key)): \($0)" } }
        // What is written by the same type is always read again.
        return (try? JSONValue(parsing: "{\(text.joined(separator: ", "))}".utf8)) ?? .object(JSONObject())
    }

    public static func integers(_ numbers: [Int]) -> JSONValue { .array(numbers.map(JSONValue.integer)) }

    public static func strings(_ words: [String]) -> JSONValue { .array(words.map(JSONValue.string)) }
}

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

    /// Of several members with one key, the first is kept.
    public init(_ members: some Sequence<(key: String, value: JSONValue)>) {
        for (key, value) in members { _ = append(key, value) }
    }

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
