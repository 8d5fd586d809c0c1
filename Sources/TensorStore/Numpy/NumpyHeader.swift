/// The dictionary at the start of a `.npy` file: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct NumpyHeader: Equatable {
    var descr: String
    var isFortranOrder: Bool
    var shape: Shape

    private static let types: [(descr: String, type: ElementType)] = [
        ("|b1", .boolean), ("|i1", .i8), ("|u1", .u8), ("<i2", .i16), ("<u2", .u16), ("<i4", .i32), ("<u4", .u32),
        ("<i8", .i64), ("<u8", .u64), ("<f2", .f16), ("<f4", .f32), ("<f8", .f64),
    ]

    /// nil where OpenVINO or this reader has no such type.
    var elementType: ElementType? { Self.types.first { $0.descr == descr }?.type }

    /// nil where NumPy has no such type.
    init?(_ elementType: ElementType, _ shape: Shape) {
        guard let descr = Self.types.first(where: { $0.type == elementType })?.descr else { return nil }
        self.descr = descr
        isFortranOrder = false
        self.shape = shape
    }

    /// The dictionary as NumPy writes it.
    var text: String {
        let axes = shape.count == 1 ? "(\(shape[0]),)" : "(\(shape.map(String.init).joined(separator: ", ")))"
        let text = "{'descr': '\(descr)', 'fortran_order': \(isFortranOrder ? "True" : "False"), 'shape': \(axes), }"
        // Room in which writers that append can let the first axis grow to 21 digits.
        guard let first = shape.first else { return text }
        return text + String(repeating: " ", count: max(0, 21 - String(first).count))
    }
}

/// Why a text is not such a dictionary.
struct NumpyHeaderError: Error, Equatable {
    let reason: String
}

extension NumpyHeader {
    /// Reads the dictionary, a Python literal of which only what such headers hold is known.
    init(parsing text: some Sequence<UInt8>) throws(NumpyHeaderError) {
        var scanner = PythonLiteralScanner(text)
        var descr: String?
        var isFortranOrder: Bool?
        var shape: Shape?
        try scanner.expect("{")
        while !scanner.skip("}") {
            let key = try scanner.string()
            try scanner.expect(":")
            switch key {
            case "descr" where descr == nil: descr = try scanner.string()
            case "fortran_order" where isFortranOrder == nil: isFortranOrder = try scanner.bool()
            case "shape" where shape == nil: shape = Shape(try scanner.tuple())
            default: throw NumpyHeaderError(reason: "the key '\(key)' is unknown or appears twice")
            }
            if !scanner.skip(",") {
                try scanner.expect("}")
                break
            }
        }
        try scanner.expectEnd()
        guard let descr, let isFortranOrder, let shape else {
            throw NumpyHeaderError(reason: "it needs 'descr', 'fortran_order' and 'shape'")
        }
        self.init(descr: descr, isFortranOrder: isFortranOrder, shape: shape)
    }

    private init(descr: String, isFortranOrder: Bool, shape: Shape) {
        self.descr = descr
        self.isFortranOrder = isFortranOrder
        self.shape = shape
    }
}

/// Reads the few Python literals of which `.npy` headers consist.
private struct PythonLiteralScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: some Sequence<UInt8>) { bytes = Array(text) }

    mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        skipWhitespace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ mark: Unicode.Scalar) throws(NumpyHeaderError) {
        guard skip(mark) else { throw unexpected("'\(mark)'") }
    }

    mutating func expectEnd() throws(NumpyHeaderError) {
        skipWhitespace()
        guard position == bytes.count else { throw unexpected("the end") }
    }

    /// A string without escapes; types that are lists (records) are not strings, and so are refused.
    mutating func string() throws(NumpyHeaderError) -> String {
        guard let quote: Unicode.Scalar = skip("'") ? "'" : skip("\"") ? "\"" : nil else { throw unexpected("a string") }
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: quote) { position += 1 }
        guard position < bytes.count, let text = String(validating: bytes[start..<position], as: UTF8.self), !text.contains("\\")
        else { throw NumpyHeaderError(reason: "a string is not closed, not UTF-8, or holds escapes") }
        position += 1
        return text
    }

    mutating func bool() throws(NumpyHeaderError) -> Bool {
        skipWhitespace()
        for (word, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return value
        }
        throw unexpected("True or False")
    }

    mutating func tuple() throws(NumpyHeaderError) -> [Int] {
        try expect("(")
        var values: [Int] = []
        while !skip(")") {
            values.append(try integer())
            if !skip(",") {
                // (3) is a number, not a tuple.
                guard values.count > 1 else { throw unexpected("','") }
                try expect(")")
                break
            }
        }
        return values
    }

    private mutating func integer() throws(NumpyHeaderError) -> Int {
        skipWhitespace()
        let digits = bytes[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let value = Int(String(decoding: digits, as: UTF8.self)) else { throw unexpected("a whole number") }
        position += digits.count
        // Python 2 marked long integers.
        if position < bytes.count, bytes[position] == UInt8(ascii: "L") { position += 1 }
        return value
    }

    private mutating func skipWhitespace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private func unexpected(_ expected: String) -> NumpyHeaderError {
        NumpyHeaderError(reason: "\(expected) is expected at byte \(position)")
    }
}
