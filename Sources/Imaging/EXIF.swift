/// EXIF data, which begin with a TIFF header: directories of tagged values.
///
/// Reference: EXIF 2.32, and TIFF 6.0 for the header and the directories.
struct EXIF {
    private let bytes: [UInt8]
    private let isLittleEndian: Bool

    /// - Returns: nil without a TIFF header.
    init?(_ bytes: [UInt8]) {
        switch bytes.prefix(4) {
        case [0x49, 0x49, 0x2A, 0x00]: isLittleEndian = true
        case [0x4D, 0x4D, 0x00, 0x2A]: isLittleEndian = false
        default: return nil
        }
        self.bytes = bytes
    }

    /// The directories that are read.
    enum Directory {
        /// The first one, with the tags of TIFF.
        case main
        /// The one that `main` points to, with EXIF's own tags.
        case exif
    }

    /// A value of 16 bits; nil where it is absent, or of another type.
    func short(_ tag: Int, in directory: Directory) -> Int? {
        guard let field = field(tag, in: directory), field.type == Self.shortType else { return nil }
        return number(at: field.value, bytes: 2)
    }

    /// The bytes of a value of the type `UNDEFINED`; nil where it is absent, or ends beyond the data.
    func undefined(_ tag: Int, in directory: Directory) -> ArraySlice<UInt8>? {
        guard let field = field(tag, in: directory), field.type == Self.undefinedType else { return nil }
        // Up to four bytes lie in the entry itself.
        let start = field.count <= 4 ? field.value : number(at: field.value, bytes: 4) ?? bytes.count
        guard start <= bytes.count, field.count <= bytes.count - start else { return nil }
        return bytes[start..<start + field.count]
    }

    private static let (shortType, longType, undefinedType) = (3, 4, 7)
    private static let exifDirectoryTag = 0x8769

    /// The type and number of a tag's values, and the position of the value or its offset.
    private func field(_ tag: Int, in directory: Directory) -> (type: Int, count: Int, value: Int)? {
        let start: Int?
        switch directory {
        case .main: start = number(at: 4, bytes: 4)
        case .exif:
            guard let pointer = field(Self.exifDirectoryTag, in: .main), pointer.type == Self.longType else { return nil }
            start = number(at: pointer.value, bytes: 4)
        }
        guard let start, let count = number(at: start, bytes: 2) else { return nil }
        for index in 0..<count {
            // An entry of 12 bytes: tag, type, number of values, and the value or its offset.
            let entry = start + 2 + index * 12
            guard let found = number(at: entry, bytes: 2) else { return nil }
            guard found == tag else { continue }
            guard let type = number(at: entry + 2, bytes: 2), let values = number(at: entry + 4, bytes: 4) else { return nil }
            return (type, values, entry + 8)
        }
        return nil
    }

    /// A number of up to four bytes, so that sums of a few can't overflow; nil beyond the data.
    private func number(at offset: Int, bytes count: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - count else { return nil }
        let digits = bytes[offset..<offset + count]
        return (isLittleEndian ? Array(digits.reversed()) : Array(digits)).reduce(0) { $0 << 8 | Int($1) }
    }
}

// MARK: UserComment

extension EXIF {
    private static let userCommentTag = 0x9286
    /// The code of an encoding is the first eight bytes of the value.
    private static let (unicode, ascii) = (Array("UNICODE\0".utf8), Array("ASCII\0\0\0".utf8))

    /// The text of the tag `UserComment`; nil where there is none, or only spaces.
    ///
    /// EXIF does not say how `UNICODE` is encoded: it is UTF-16, in the order of a byte order mark, else in the order in which more
    /// characters are ASCII.
    var userComment: String? {
        guard let value = undefined(Self.userCommentTag, in: .exif), value.count > 8 else { return nil }
        let (code, content) = (Array(value.prefix(8)), Array(value.dropFirst(8)))
        let text: String
        switch code {
        case Self.unicode: text = Self.utf16(content)
        case Self.ascii, [UInt8](repeating: 0, count: 8):
            text = String(validating: content, as: UTF8.self) ?? String(latin1: content)
        default: return nil
        }
        let comment = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\0" }))
        return comment.allSatisfy(\.isWhitespace) ? nil : comment
    }

    private static func utf16(_ bytes: [UInt8]) -> String {
        let big = stride(from: 0, to: bytes.count - 1, by: 2).map { place -> UInt16 in
            UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1])
        }
        let little = big.map(\.byteSwapped)
        let mark: UInt16 = 0xFEFF
        if big.first == mark { return String(decoding: big.dropFirst(), as: UTF16.self) }
        if little.first == mark { return String(decoding: little.dropFirst(), as: UTF16.self) }
        let isLittle = little.count { $0 < 0x80 } > big.count { $0 < 0x80 }
        return String(decoding: isLittle ? little : big, as: UTF16.self)
    }

    /// EXIF data with a `UserComment` alone, as AUTOMATIC1111's web UI writes it in JPEG and WebP: UTF-16, big endian.
    /// - Returns: nil for a text that is longer than `limit` bytes in this form.
    static func data(userComment text: String, limit: Int) -> [UInt8]? {
        let value = unicode + text.utf16.flatMap { $0.bigEndianBytes }
        let (main, exif) = (8, 26)
        let count = exif + 18 + value.count
        guard count <= limit else { return nil }
        func entry(_ tag: Int, _ type: Int, count: Int, value: Int) -> [UInt8] {
            [UInt16(tag), UInt16(type)].flatMap(\.bigEndianBytes) + [UInt32(count), UInt32(value)].flatMap(\.bigEndianBytes)
        }
        // Each directory: the number of entries, the entry, and no next directory.
        func directory(_ entry: [UInt8]) -> [UInt8] { [0, 1] + entry + [0, 0, 0, 0] }
        return [0x4D, 0x4D, 0x00, 0x2A] + UInt32(main).bigEndianBytes
            + directory(entry(exifDirectoryTag, longType, count: 1, value: exif))
            + directory(entry(userCommentTag, undefinedType, count: value.count, value: exif + 18)) + value
    }
}

extension FixedWidthInteger {
    fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
