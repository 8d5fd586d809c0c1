/// The header of a safetensors file, checked against the size of the file.
///
/// Accepts what the reference library (huggingface/safetensors 0.8) accepts: a header of any length, surrounded by white
/// space, fields that it does not know, tensors without elements and without axes. Stricter in a few points: a key twice is
/// an error wherever it is (there the last one counts), so are two names that differ only in Unicode normalization, axes
/// and element counts over 2⁶³-1, and tensors written as JSON arrays; F6, FNUZ and C64 tensors are refused, which OpenVINO
/// has no types for.
struct SafetensorsHeader: Sendable {
    struct Record: Sendable {
        let name: String
        let elementType: ElementType
        let shape: Shape
        /// Where its bytes start in the file.
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

    /// The key that is no tensor.
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
    /// What errors call a value of the wrong kind; never its content, which may be long.
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
