/// Reads JSON over UTF-8 bytes in one pass (see `JSONValue.init(parsing:)` for what it refuses).
struct JSONScanner {
    static let depthLimit = 128

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try value()
        skipWhitespace()
        guard position == bytes.count else { throw error(.trailingBytes) }
        return value
    }

    // MARK: Values

    private mutating func value() throws(JSONError) -> JSONValue {
        skipWhitespace()
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try nested { scanner throws(JSONError) in try scanner.object() })
        case UInt8(ascii: "["): return .array(try nested { scanner throws(JSONError) in try scanner.array() })
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case let byte: throw error(.unexpectedByte(byte, expected: "a value"))
        }
    }

    private mutating func nested<Value>(
        _ read: (inout JSONScanner) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        guard depth < Self.depthLimit else { throw error(.tooDeep(limit: Self.depthLimit)) }
        depth += 1
        defer { depth -= 1 }
        position += 1
        return try read(&self)
    }

    private mutating func object() throws(JSONError) -> JSONObject {
        var object = JSONObject()
        if try next(is: "}") { return object }
        repeat {
            skipWhitespace()
            let keyPosition = position
            guard try peek() == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
            let key = try string()
            guard try next(is: ":") else { throw unexpected("':'") }
            let value = try value()
            guard object.append(key, value) else { throw error(.duplicateKey(key), at: keyPosition) }
        } while try next(is: ",")
        guard try next(is: "}") else { throw unexpected("',' or '}'") }
        return object
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        var array: [JSONValue] = []
        if try next(is: "]") { return array }
        repeat { array.append(try value()) } while try next(is: ",")
        guard try next(is: "]") else { throw unexpected("',' or ']'") }
        return array
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard try peek() == word.utf8Start[index] else { throw unexpected("'\(word)'") }
            position += 1
        }
        return value
    }

    // MARK: Numbers

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let digits = position
        skipDigits()
        // At least one digit, and no zero before others.
        guard position > digits, position == digits + 1 || bytes[digits] != UInt8(ascii: "0") else {
            throw error(.invalidNumber, at: start)
        }
        var isInteger = true
        if byte(at: position) == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            let fraction = position
            skipDigits()
            guard position > fraction else { throw error(.invalidNumber, at: start) }
        }
        if let byte = byte(at: position), byte | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            if let sign = self.byte(at: position), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            let exponent = position
            skipDigits()
            guard position > exponent else { throw error(.invalidNumber, at: start) }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        // -0 is a number that no integer is.
        if isInteger, text != "-0", let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw error(.numberOutOfRange, at: start) }
        return .double(value)
    }

    private mutating func skipDigits() {
        while let byte = byte(at: position), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        let opening = position
        position += 1
        let start = position
        while true {
            switch try peek() {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return try text(bytes[start..<position], at: opening)
            case UInt8(ascii: "\\"): return try escapedString(opening: opening)
            case let byte where byte < 0x20: throw error(.controlCharacter(byte))
            default: position += 1
            }
        }
    }

    /// The rest of a string that holds escapes; `position` is at the first.
    private mutating func escapedString(opening: Int) throws(JSONError) -> String {
        var content = Array(bytes[opening + 1..<position])
        while true {
            switch try peek() {
            case UInt8(ascii: "\""):
                position += 1
                return try text(content, at: opening)
            case UInt8(ascii: "\\"):
                let scalar = try escape()
                content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            case let byte where byte < 0x20: throw error(.controlCharacter(byte))
            case let byte:
                content.append(byte)
                position += 1
            }
        }
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = position
        position += 1
        let letter = try peek()
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw error(.invalidEscape, at: start)
        }
        let first = try fourHexDigits(of: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        // Half of a surrogate pair: the other half must follow, as an escape too.
        guard (0xD800..<0xDC00).contains(first), byte(at: position) == UInt8(ascii: "\\"),
            byte(at: position + 1) == UInt8(ascii: "u")
        else { throw error(.invalidEscape, at: start) }
        position += 2
        let second = try fourHexDigits(of: start)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw error(.invalidEscape, at: start) }
        return scalar
    }

    private mutating func fourHexDigits(of escape: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try peek())).hexDigitValue else {
                throw error(.invalidEscape, at: escape)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private func text(_ content: some Sequence<UInt8>, at opening: Int) throws(JSONError) -> String {
        guard let text = String(validating: content, as: UTF8.self) else { throw error(.invalidUTF8, at: opening) }
        return text
    }

    // MARK: Bytes

    private func byte(at index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[position]
    }

    /// Skips white space, and `mark` if it follows.
    private mutating func next(is mark: Unicode.Scalar) throws(JSONError) -> Bool {
        skipWhitespace()
        guard try peek() == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = byte(at: position), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func error(_ reason: JSONError.Reason, at offset: Int? = nil) -> JSONError {
        JSONError(reason: reason, offset: offset ?? position)
    }

    private func unexpected(_ expected: String) -> JSONError {
        error(byte(at: position).map { .unexpectedByte($0, expected: expected) } ?? .unexpectedEnd)
    }
}
