/// The description of a CTranslate2 model's tensors, checked against the size of the file.
///
///     u32 version, string kind, u32 revision, u32 count,
///     count × (string name, u8 rank, u32 × rank, u8 element type, u32 byte count, bytes),
///     u32 count, count × (string alias, string name)
///
/// A string is a u16 length and as many bytes, the last of them 0. Nothing is aligned. Versions 4, 5 and 6 are laid out alike;
/// before 4 elements had a size in place of a type, and Whisper had no files. Stricter than CTranslate2: a name twice, an alias
/// of nothing and bytes after the end are errors.
struct CTranslate2Header: Sendable {
    struct Record: Sendable {
        let name: String
        let elementType: ElementType
        let shape: Shape
        /// The offset of its bytes in the file.
        let offset: Int
        let byteCount: Int
    }

    let version: Int
    let specification: String
    let revision: Int
    /// In the order of their bytes.
    let tensors: [Record]
    /// Names of tensors by alias.
    let aliases: [String: String]

    static let versions = 4...6
    /// By the number in the file; `DataType` of CTranslate2.
    static let elementTypes: [ElementType] = [.f32, .i8, .i16, .i32, .f16, .bf16]

    init(parsing bytes: UnsafeRawBufferPointer) throws(CTranslate2HeaderError) {
        var reader = CTranslate2Reader(bytes)
        version = Int(try reader.number(UInt32.self, "the version"))
        guard Self.versions.contains(version) else { throw .version(version) }
        specification = try reader.string("the kind of model")
        revision = Int(try reader.number(UInt32.self, "the revision"))
        let count = try reader.number(UInt32.self, "the number of tensors")
        var tensors: [Record] = []
        var names: Set<String> = []
        for _ in 0..<count {
            let place = reader.offset
            let record = try Self.record(&reader)
            guard names.insert(record.name).inserted else { throw .sameName(record.name, offset: place) }
            tensors.append(record)
        }
        var aliases: [String: String] = [:]
        for _ in 0..<(try reader.number(UInt32.self, "the number of aliases")) {
            let place = reader.offset
            let (alias, name) = (try reader.string("an alias"), try reader.string("the tensor of an alias"))
            guard names.contains(name) else { throw .aliasOfNothing(alias, tensor: name, offset: place) }
            guard !names.contains(alias), aliases.updateValue(name, forKey: alias) == nil else {
                throw .sameName(alias, offset: place)
            }
        }
        guard reader.offset == bytes.count else { throw .trailingBytes(bytes.count - reader.offset, offset: reader.offset) }
        self.tensors = tensors
        self.aliases = aliases
    }

    private static func record(_ reader: inout CTranslate2Reader) throws(CTranslate2HeaderError) -> Record {
        let name = try reader.string("the name of a tensor")
        let rank = try reader.number(UInt8.self, "the rank of '\(name)'")
        var shape: Shape = []
        for _ in 0..<rank { shape.dimensions.append(Int(try reader.number(UInt32.self, "the shape of '\(name)'"))) }
        let place = reader.offset
        let type = Int(try reader.number(UInt8.self, "the element type of '\(name)'"))
        guard elementTypes.indices.contains(type) else { throw .elementType(tensor: name, type, offset: place) }
        let elementType = elementTypes[type]
        let byteCount = Int(try reader.number(UInt32.self, "the size of '\(name)'"))
        let expected = shape.checkedElementCount.flatMap { elementType.byteCount(of: $0) }
        guard expected == byteCount else {
            throw .size(tensor: name, elementType, shape, expected: expected, found: byteCount, offset: place + 1)
        }
        let offset = reader.offset
        try reader.skip(byteCount, "the bytes of '\(name)'")
        return Record(name: name, elementType: elementType, shape: shape, offset: offset, byteCount: byteCount)
    }
}

/// Reads numbers and strings in their order.
struct CTranslate2Reader {
    private let bytes: UnsafeRawBufferPointer
    /// At most the number of bytes.
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func skip(_ count: Int, _ part: @autoclosure () -> String) throws(CTranslate2HeaderError) {
        guard count <= bytes.count - offset else {
            throw .truncated(part(), offset: offset, expected: count, found: bytes.count - offset)
        }
        offset += count
    }

    mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ type: Number.Type, _ part: @autoclosure () -> String
    ) throws(CTranslate2HeaderError) -> Number {
        let start = offset
        try skip(MemoryLayout<Number>.size, part())
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: Number.self))
    }

    mutating func string(_ part: @autoclosure () -> String) throws(CTranslate2HeaderError) -> String {
        let place = offset
        let count = Int(try number(UInt16.self, part()))
        let start = offset
        try skip(count, part())
        let content = bytes[start..<offset]
        guard content.last == 0, !content.dropLast().contains(0) else { throw .unterminated(part(), offset: place) }
        guard let text = String(validating: content.dropLast(), as: UTF8.self) else { throw .notUTF8(part(), offset: place) }
        return text
    }
}
