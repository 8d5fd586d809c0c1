/// Little-endian numbers of a file; nil beyond its end, or where a number doesn't fit `Int`.
struct ByteReader {
    private let file: MappedFile

    init(_ file: MappedFile) { self.file = file }

    func u16(_ offset: Int) -> Int? { number(offset, 2) }
    func u32(_ offset: Int) -> Int? { number(offset, 4) }
    func u64(_ offset: Int) -> Int? { number(offset, 8) }

    func string(_ offset: Int, _ count: Int) -> String? {
        guard contains(offset, count) else { return nil }
        return String(validating: UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + count]), as: UTF8.self)
    }

    private func number(_ offset: Int, _ count: Int) -> Int? {
        guard contains(offset, count) else { return nil }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(file.bytes[offset + index]) << UInt64(8 * index) }
        // Half of the range: sums of two such numbers don't overflow.
        return value < 1 << 62 ? Int(value) : nil
    }

    private func contains(_ offset: Int, _ count: Int) -> Bool {
        offset >= 0 && count >= 0 && offset <= file.byteCount && count <= file.byteCount - offset
    }
}
