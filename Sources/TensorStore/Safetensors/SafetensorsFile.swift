/// One safetensors file, mapped; only its header is read.
///
/// Format: https://github.com/huggingface/safetensors#format.
public struct SafetensorsFile: Sendable {
    public let file: MappedFile
    /// The tensors in the order of their bytes.
    public let entries: [TensorEntry]
    /// The strings of `__metadata__`; empty where there are none.
    public let metadata: [String: String]

    /// Maps the file at `path`, whatever its name, and checks its header against its size.
    /// - Throws: `SafetensorsError.file`, `.header`, `.kind`.
    public init(path: String) throws(SafetensorsError) {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .file(error)
        }
        try self.init(file)
    }

    /// Checks the header of a file that is mapped, or in memory, against its size.
    /// - Throws: `SafetensorsError.header`, `.kind`.
    public init(_ file: MappedFile) throws(SafetensorsError) {
        self.file = file
        do throws(SafetensorsHeaderError) {
            let header = try file.withUnsafeBytes { bytes throws(SafetensorsHeaderError) in
                try SafetensorsHeader(parsing: bytes, fileByteCount: bytes.count)
            }
            entries = header.tensors.map { TensorEntry($0, in: file) }
            metadata = header.metadata
        } catch {
            let kind = FileKind(file)
            throw kind == .safetensors ? .header(error, file: file.path) : .kind(kind, file: file.path)
        }
    }
}

/// A tensor of a checkpoint: what it is and where its bytes lie, none of them read.
public struct TensorEntry: Sendable {
    public let name: String
    public let elementType: ElementType
    public let shape: Shape
    public let file: MappedFile
    /// The offset of its bytes in the file; any number, aligned or not.
    public let offset: Int
    public let byteCount: Int

    init(name: String, elementType: ElementType, shape: Shape, file: MappedFile, offset: Int, byteCount: Int) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.file = file
        self.offset = offset
        self.byteCount = byteCount
    }

    init(_ record: SafetensorsHeader.Record, in file: MappedFile) {
        self.init(
            name: record.name, elementType: record.elementType, shape: record.shape, file: file, offset: record.offset,
            byteCount: record.byteCount)
    }

    /// The tensor over the mapped bytes.
    public func tensor() throws(TensorError) -> Tensor {
        let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + byteCount])
        return try Tensor(borrowing: bytes, owner: file, shape: shape, of: elementType)
    }
}
