/// The header of a safetensors file, checked against the size of the file.
///
/// Accepts what the reference library (huggingface/safetensors 0.8) accepts: a header of any length, surrounded by white
/// space, fields that it does not know, tensors without elements and without axes. Stricter in a few points: a key twice is
/// an error wherever it is (there the last one counts), so are two names that differ only in Unicode normalization, axes
/// and element counts over 2⁶³-1 (axes of 0 left out), and tensors written as JSON arrays; F6, FNUZ and C64 tensors are
/// refused, which OpenVINO has no types for.
struct SafetensorsHeader: Sendable {
    struct Record: Sendable {
        let name: String
        let elementType: ElementType
        let shape: Shape
        /// The offset of its bytes in the file.
        let offset: Int
        let byteCount: Int
    }

    /// In the order of their bytes.
    let tensors: [Record]
    /// The strings of `__metadata__`.
    let metadata: [String: String]

    /// The reference library's own limit, in bytes.
    static let byteLimit = 100_000_000
    private static let lengthByteCount = 8

    /// Reads the header of a file of `fileByteCount` bytes that starts with `bytes`.
    init(parsing bytes: UnsafeRawBufferPointer, fileByteCount: Int) throws(SafetensorsHeaderError) {
        guard bytes.count >= Self.lengthByteCount else { throw .noLength(fileByteCount: fileByteCount) }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= Self.byteLimit else { throw .tooLong(length, limit: Self.byteLimit) }
        let dataOffset = Self.lengthByteCount + Int(length)
        guard dataOffset <= min(bytes.count, fileByteCount) else {
            throw .truncated(byteCount: Int(length), found: min(bytes.count, fileByteCount) - Self.lengthByteCount)
        }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[Self.lengthByteCount..<dataOffset]))
        } catch {
            throw .json(error)
        }
        guard let members = json.object else { throw .malformed(tensor: nil, expected: "an object", found: json.kind) }

        var metadata: [String: String] = [:]
        var declarations: [SafetensorsDeclaration] = []
        var names: Set<String> = []
        for (name, value) in members {
            if name == Self.metadataName {
                metadata = try Self.metadata(value)
            } else {
                guard names.insert(name).inserted else { throw .sameName(name) }
                declarations.append(try SafetensorsDeclaration(name, value))
            }
        }
        declarations.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
        let dataByteCount = fileByteCount - dataOffset
        var end = 0
        var tensors: [Record] = []
        tensors.reserveCapacity(declarations.count)
        for declaration in declarations {
            try declaration.check(startsAt: end, dataByteCount: dataByteCount)
            tensors.append(
                Record(
                    name: declaration.name, elementType: declaration.elementType, shape: declaration.shape,
                    offset: dataOffset + declaration.begin, byteCount: declaration.end - declaration.begin))
            end = declaration.end
        }
        guard end == dataByteCount else { throw .trailingBytes(dataByteCount - end) }
        self.tensors = tensors
        self.metadata = metadata
    }

    /// The key of the header that holds metadata; every other key is the name of a tensor.
    static let metadataName = "__metadata__"

    private static func metadata(_ value: JSONValue) throws(SafetensorsHeaderError) -> [String: String] {
        // The reference writes none and reads null alike.
        if value.isNull { return [:] }
        guard let members = value.object else {
            throw .malformed(tensor: metadataName, expected: "strings by name", found: value.kind)
        }
        var metadata: [String: String] = [:]
        for (key, value) in members {
            guard let text = value.string else {
                throw .malformed(tensor: metadataName, expected: "strings only", found: value.kind)
            }
            guard metadata.updateValue(text, forKey: key) == nil else { throw .sameName(key) }
        }
        return metadata
    }
}

extension JSONValue {
    /// The kind of value for errors; never its content, which may be long.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// The entry of one tensor in a header: `{"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}`.
struct SafetensorsDeclaration {
    let name: String
    let elementType: ElementType
    let shape: Shape
    /// Its bytes, counted from the end of the header.
    let begin: Int
    let end: Int

    init(_ name: String, _ value: JSONValue) throws(SafetensorsHeaderError) {
        guard let members = value.object else {
            throw .malformed(tensor: name, expected: "its fields in braces", found: value.kind)
        }
        guard let type = members["dtype"]?.string else {
            throw .malformed(tensor: name, expected: "'dtype', a string", found: members["dtype"]?.kind ?? "none")
        }
        guard let elementType = ElementType(safetensorsName: type) else { throw .unknownElementType(tensor: name, type) }
        let offsets = try Self.sizes("data_offsets", of: name, members)
        guard offsets.count == 2 else {
            throw .malformed(tensor: name, expected: "two 'data_offsets'", found: "\(offsets.count)")
        }
        self.name = name
        self.elementType = elementType
        shape = Shape(try Self.sizes("shape", of: name, members))
        begin = offsets[0]
        end = offsets[1]
    }

    private static func sizes(
        _ key: String, of tensor: String, _ members: JSONObject
    ) throws(SafetensorsHeaderError) -> [Int] {
        let expected = "'\(key)', whole numbers from 0 on"
        guard let values = members[key]?.array else {
            throw .malformed(tensor: tensor, expected: expected, found: members[key]?.kind ?? "none")
        }
        var sizes: [Int] = []
        sizes.reserveCapacity(values.count)
        for value in values {
            guard let size = value.int, size >= 0 else { throw .malformed(tensor: tensor, expected: expected, found: value.kind) }
            sizes.append(size)
        }
        return sizes
    }

    /// Checks that the bytes start where the tensor before ends, lie in the file, and are as many as type and shape need.
    func check(startsAt expected: Int, dataByteCount: Int) throws(SafetensorsHeaderError) {
        guard begin <= end else { throw .reversed(tensor: name, begin: begin, end: end) }
        guard begin >= expected else { throw .overlap(tensor: name, expected: expected, found: begin) }
        guard begin <= expected else { throw .hole(before: name, expected: expected, found: begin) }
        guard end <= dataByteCount else { throw .outOfRange(tensor: name, end: end, dataByteCount: dataByteCount) }
        guard let count = shape.checkedElementCount, let byteCount = elementType.byteCount(of: count) else {
            throw .tooLarge(tensor: name, elementType, shape)
        }
        guard let bitWidth = elementType.bitWidth, count * bitWidth % 8 == 0 else {
            throw .partialByte(tensor: name, elementType, shape)
        }
        guard byteCount == end - begin else {
            throw .size(tensor: name, elementType, shape, expected: byteCount, found: end - begin)
        }
    }
}

extension ElementType {
    /// Safetensors' names of element types, in the order of the reference library, which is that of alignment: files are
    /// written with the last of them first. nil: a type that OpenVINO does not have.
    private static let safetensorsTypes: [(name: String, type: ElementType?)] = [
        ("BOOL", .boolean), ("F4", .f4e2m1), ("F6_E2M3", nil), ("F6_E3M2", nil), ("U8", .u8), ("I8", .i8),
        ("F8_E5M2", .f8e5m2), ("F8_E4M3", .f8e4m3), ("F8_E8M0", .f8e8m0), ("F8_E4M3FNUZ", nil), ("F8_E5M2FNUZ", nil),
        ("I16", .i16), ("U16", .u16), ("F16", .f16), ("BF16", .bf16), ("I32", .i32), ("U32", .u32), ("F32", .f32),
        ("C64", nil), ("F64", .f64), ("I64", .i64), ("U64", .u64),
    ]

    private static let safetensorsTypesByName = Dictionary(uniqueKeysWithValues: safetensorsTypes.map { ($0.name, $0.type) })

    /// The type that safetensors calls `name`; nil where it has no such type or OpenVINO hasn't.
    init?(safetensorsName name: String) {
        guard let type = Self.safetensorsTypesByName[name] ?? nil else { return nil }
        self = type
    }

    /// The name in safetensors files, and the rank among them; nil where they can't hold the type.
    var safetensorsName: (name: String, rank: Int)? {
        Self.safetensorsTypes.firstIndex { $0.type == self }.map { (Self.safetensorsTypes[$0].name, $0) }
    }
}
