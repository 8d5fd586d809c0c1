/// A tensor of a checkpoint: what it is and where its bytes lie, none of them read.
public struct TensorEntry: Sendable {
    public let name: String
    public let elementType: ElementType
    public let shape: Shape
    public let file: MappedFile
    /// Where its bytes start in the file; any number, aligned or not.
    public let offset: Int
    public let byteCount: Int

    init(_ record: SafetensorsHeader.Record, in file: MappedFile) {
        name = record.name
        elementType = record.elementType
        shape = record.shape
        self.file = file
        offset = record.offset
        byteCount = record.byteCount
    }

    /// The tensor over the mapped bytes.
    public func tensor() throws(TensorError) -> Tensor {
        let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + byteCount])
        return try Tensor(borrowing: bytes, owner: file, shape: shape, of: elementType)
    }
}
