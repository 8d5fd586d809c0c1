/// Writes a safetensors file as the reference library does: wider element types first, then by name, the header padded to
/// eight bytes.
///
/// Only one tensor made late is in memory at a time, so files larger than memory can be written.
public struct SafetensorsWriter {
    private struct Item {
        let name: String
        let elementType: ElementType
        let type: (name: String, rank: Int)
        let shape: Shape
        let byteCount: Int
        let make: () throws -> Tensor
    }

    private let metadata: [String: String]?
    private var items: [Item] = []
    private var names: Set<String> = [SafetensorsHeader.metadataName]

    /// - Parameter metadata: goes into `__metadata__`, sorted by name; left out where nil.
    public init(metadata: [String: String]? = nil) { self.metadata = metadata }

    /// Adds a tensor.
    /// - Throws: `SafetensorsError.unwritableName`, `.unwritableType`.
    public mutating func add(_ name: String, _ tensor: Tensor) throws {
        try add(name, tensor.elementType, tensor.shape) { tensor }
    }

    /// Adds a tensor that is made when its turn comes.
    /// - Throws: `SafetensorsError.unwritableName`, `.unwritableType`; `TensorError.size`.
    public mutating func add(_ name: String, _ elementType: ElementType, _ shape: Shape, make: @escaping () throws -> Tensor)
        throws
    {
        guard let type = elementType.safetensorsName, let bitWidth = elementType.bitWidth else {
            throw SafetensorsError.unwritableType(tensor: name, elementType)
        }
        guard let count = shape.checkedElementCount, let byteCount = elementType.byteCount(of: count) else {
            throw TensorError.size(elementType, shape, expected: nil, found: 0)
        }
        // Readers refuse elements under a byte that do not fill whole bytes.
        guard count * bitWidth % 8 == 0 else { throw SafetensorsError.unwritableType(tensor: name, elementType) }
        guard names.insert(name).inserted else { throw SafetensorsError.unwritableName(tensor: name) }
        items.append(Item(name: name, elementType: elementType, type: type, shape: shape, byteCount: byteCount, make: make))
    }

    /// Writes the file; it appears under its name when it is complete, in place of what was there.
    /// - Throws: `FileError`; `SafetensorsError.notAsAnnounced`; whatever making a tensor throws.
    public func write(to path: String) throws {
        let items = items.sorted { a, b in
            a.type.rank != b.type.rank ? a.type.rank > b.type.rank : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
        }
        let file = try AtomicFile(path: path)
        try file.write(header(of: items))
        for item in items {
            let tensor = try item.make()
            guard tensor.elementType == item.elementType, tensor.shape == item.shape else {
                throw SafetensorsError.notAsAnnounced(
                    tensor: item.name, expected: "\(item.elementType) \(item.shape)",
                    found: "\(tensor.elementType) \(tensor.shape)")
            }
            try tensor.withUnsafeBytes { bytes throws(FileError) in try file.write(bytes) }
        }
        try file.commit()
    }

    /// The header's length and the header.
    private func header(of items: [Item]) -> [UInt8] {
        var members: [String] = []
        if let metadata {
            let strings = metadata.sorted { $0.key < $1.key }.map { "\($0.key.quotedAsJSON):\($0.value.quotedAsJSON)" }
            members.append("\(SafetensorsHeader.metadataName.quotedAsJSON):{\(strings.joined(separator: ","))}")
        }
        var offset = 0
        for item in items {
            let shape = item.shape.map(String.init).joined(separator: ",")
            let end = offset + item.byteCount
            let fields = "\"dtype\":\"\(item.type.name)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]"
            members.append("\(item.name.quotedAsJSON):{\(fields)}")
            offset = end
        }
        var json = Array("{\(members.joined(separator: ","))}".utf8)
        json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }
}
