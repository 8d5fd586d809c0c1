/// The directory of a zip over a mapped file. Zip64 too. Every entry lies within the file.
///
/// Checksums are not verified here: that would read every weight before the first is wanted.
public struct ZipDirectory: Sendable {
    public struct Entry: Sendable, Equatable {
        public enum Method: Sendable, Equatable {
            case stored, deflated
            /// By its number in the format.
            case other(Int)
        }

        public let method: Method
        /// The offset of the entry's bytes in the file, and their number there.
        public let offset: Int
        public let packedCount: Int
        /// The number of bytes of the content, as the directory states it; of a stored entry, `packedCount`.
        public let byteCount: Int
        /// CRC-32 of the content.
        public let checksum: UInt32
    }

    public let file: MappedFile
    private let directory: [String: Entry]

    public var names: some Collection<String> { directory.keys }

    /// Reads the directory, and where each entry's bytes start.
    public init(_ file: MappedFile) throws(ZipError) {
        self.file = file
        let bytes = ByteReader(file)
        func damaged(_ reason: String) -> ZipError { .damaged(file: file.path, reason: reason) }

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
                let checksum = bytes.u32(offset + 16), let packed = bytes.u32(offset + 20), let size = bytes.u32(offset + 24),
                let nameLength = bytes.u16(offset + 28),
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
            guard method != 0 || sizes[0] == sizes[1] else { throw damaged("the stored entry '\(name)' has two sizes") }
            let entry = Entry(
                method: method == 0 ? .stored : method == 8 ? .deflated : .other(method), offset: start, packedCount: sizes[1],
                byteCount: sizes[0], checksum: UInt32(checksum))
            guard directory.updateValue(entry, forKey: name) == nil else {
                throw damaged("the entry '\(name)' is there twice")
            }
            offset += 46 + nameLength + extraLength + commentLength
        }
        self.directory = directory
    }

    /// The entry of a name; nil where there is none.
    public func entry(_ name: String) -> Entry? { directory[name] }

    /// An entry's bytes as they are in the file, of its directory.
    public func packedBytes(_ entry: Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[entry.offset..<entry.offset + entry.packedCount])
    }

    /// Replaces sizes of 2³²−1 by those of the zip64 field, which holds only these, in this order.
    private static func widen(
        _ sizes: inout [Int], _ bytes: ByteReader, _ start: Int, _ length: Int, _ file: String, _ name: String
    ) throws(ZipError) {
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
        throw .damaged(file: file, reason: "the entry '\(name)' has no 64-bit sizes")
    }
}

/// An error of a zip's directory.
public enum ZipError: Error, Equatable, Sendable {
    /// The file begins as another kind of file.
    case notAZip(FileKind, file: String)
    /// `reason` says which part of the zip is wrong, and of which entry.
    case damaged(file: String, reason: String)
}

extension ZipError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAZip(let kind, let file): "\(file) is not a zip: \(kind.explanation)."
        case .damaged(let file, let reason): "The zip \(file) is damaged: \(reason)."
        }
    }
}
