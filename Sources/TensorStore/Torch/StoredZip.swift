/// The directory of a zip whose entries are stored as they are, over a mapped file. Zip64 too.
///
/// Checksums are not verified: that would read every weight before the first is wanted.
struct StoredZip {
    struct Entry {
        let offset: Int
        let byteCount: Int
        let isStored: Bool
    }

    private let file: MappedFile
    private let directory: [String: Entry]

    var names: some Collection<String> { directory.keys }

    /// Reads the directory, and where each entry's bytes start.
    init(_ file: MappedFile) throws(TorchFileError) {
        self.file = file
        let bytes = ByteReader(file)
        func damaged(_ reason: String) -> TorchFileError { .zip(file: file.path, reason: reason) }

        guard bytes.u32(0) == 0x0403_4b50 else { throw .notAZip(FileKind(file), file: file.path) }
        // The end record is 22 bytes and a comment of at most 65535.
        let last = file.byteCount - 22
        guard last >= 0,
            let end = stride(from: last, through: max(0, last - 65535), by: -1).first(where: {
                bytes.u32($0) == 0x0605_4b50
            }), var count = bytes.u16(end + 10), var offset = bytes.u32(end + 16)
        else {
            throw damaged("it has no directory, so the file is cut off")
        }
        if bytes.u32(end - 20) == 0x0706_4b50 {
            guard let record = bytes.u64(end - 12), bytes.u32(record) == 0x0606_4b50, let count64 = bytes.u64(record + 32),
                let offset64 = bytes.u64(record + 48)
            else { throw damaged("its 64-bit directory is missing") }
            (count, offset) = (count64, offset64)
        }

        var directory: [String: Entry] = [:]
        for _ in 0..<count {
            guard bytes.u32(offset) == 0x0201_4b50, let flags = bytes.u16(offset + 8), let method = bytes.u16(offset + 10),
                let packed = bytes.u32(offset + 20), let size = bytes.u32(offset + 24), let nameLength = bytes.u16(offset + 28),
                let extraLength = bytes.u16(offset + 30), let commentLength = bytes.u16(offset + 32),
                let local = bytes.u32(offset + 42), let name = bytes.string(offset + 46, nameLength)
            else { throw damaged("its directory ends early") }
            var sizes = [size, packed, local]
            try Self.widen(&sizes, bytes, offset + 46 + nameLength, extraLength, file.path, name)
            guard flags & 1 == 0 else { throw damaged("the entry '\(name)' is encrypted") }
            // The local header has a name and an extra field of its own length; torch pads there, to align the bytes.
            guard bytes.u32(sizes[2]) == 0x0403_4b50, let localName = bytes.u16(sizes[2] + 26),
                let localExtra = bytes.u16(sizes[2] + 28)
            else { throw damaged("the entry '\(name)' is not where the directory says") }
            let start = sizes[2] + 30 + localName + localExtra
            guard start <= file.byteCount, sizes[1] <= file.byteCount - start else {
                throw damaged("the entry '\(name)' goes beyond the end")
            }
            let isStored = method == 0 && sizes[0] == sizes[1]
            guard directory.updateValue(Entry(offset: start, byteCount: sizes[1], isStored: isStored), forKey: name) == nil else {
                throw damaged("the entry '\(name)' is there twice")
            }
            offset += 46 + nameLength + extraLength + commentLength
        }
        self.directory = directory
    }

    /// - Throws: `TorchFileError.missingEntry`, `.compressed`.
    func entry(_ name: String) throws(TorchFileError) -> Entry {
        guard let entry = directory[name] else { throw .missingEntry(file: file.path, entry: name) }
        guard entry.isStored else { throw .compressed(file: file.path, entry: name) }
        return entry
    }

    /// Replaces sizes of 2³²−1 by those of the zip64 field, which holds only these, in this order.
    private static func widen(
        _ sizes: inout [Int], _ bytes: ByteReader, _ start: Int, _ length: Int, _ file: String, _ name: String
    ) throws(TorchFileError) {
        guard sizes.contains(0xffff_ffff) else { return }
        var offset = start
        while offset + 4 <= start + length, let id = bytes.u16(offset), let size = bytes.u16(offset + 2) {
            guard id == 1 else {
                offset += 4 + size
                continue
            }
            var field = offset + 4
            for index in sizes.indices where sizes[index] == 0xffff_ffff {
                guard field + 8 <= offset + 4 + size, let wide = bytes.u64(field) else { break }
                sizes[index] = wide
                field += 8
            }
            return
        }
        throw .zip(file: file, reason: "the entry '\(name)' has no 64-bit sizes")
    }
}

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
