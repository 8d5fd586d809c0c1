/// Texts in a picture's file, in order: the request, and all that is needed to draw the picture again.
///
/// A PNG holds them as tEXt or iTXt chunks, a JPEG as comments `key: text`, a WebP as an XMP packet. A JPEG and a WebP hold
/// `parameters` in EXIF's `UserComment` too, where other programs look for it; such a text that is nowhere else in a file is read as
/// `UserComment`. Of other formats none are read.
public struct ImageMetadata: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        /// Keyword by PNG's rules: 1 to 79 printable Latin-1 characters, no leading, trailing or consecutive spaces.
        public let key: String
        /// Text of any characters except NUL.
        public let text: String

        public init(key: String, text: String) {
            self.key = key
            self.text = text
        }
    }

    /// Entries in the file's order. Several may have the same key.
    public var entries: [Entry]

    /// The key of a picture's request in the notation of AUTOMATIC1111's web UI.
    public static let parametersKey = "parameters"
    /// The key of EXIF's `UserComment`.
    public static let userCommentKey = "UserComment"

    /// Maximum number of entries of a picture.
    public static let maximumCount = 1000

    public init(_ entries: [Entry] = []) { self.entries = entries }

    /// The text of the first entry with this key.
    public subscript(key: String) -> String? { entries.first { $0.key == key }?.text }

    public mutating func append(_ text: String, for key: String) { entries.append(Entry(key: key, text: text)) }

    /// Checks that a file of this format can hold the entries.
    /// - Throws: `ImageError.metadata`, `.metadataCount`.
    func validate(for format: ImageFormat) throws(ImageError) {
        guard entries.count <= Self.maximumCount else { throw .metadataCount(entries.count, limit: Self.maximumCount) }
        for entry in entries {
            guard entry.hasValidKey else { throw .metadata(key: entry.key, problem: .key) }
            guard !entry.text.utf8.contains(0) else { throw .metadata(key: entry.key, problem: .embeddedNUL) }
            if format == .jpeg {
                guard !entry.key.contains(": ") else { throw .metadata(key: entry.key, problem: .colonInKey) }
                let count = entry.comment.utf8.count
                guard count <= Entry.maximumCommentBytes else {
                    throw .metadata(key: entry.key, problem: .commentBytes(count, limit: Entry.maximumCommentBytes))
                }
            }
        }
    }
}

extension ImageMetadata {
    /// The EXIF data of a file; nil without `parameters`, or where they are too long for a JPEG's segment.
    var exif: [UInt8]? {
        // The file would have more entries than are read.
        guard let text = self[Self.parametersKey], entries.count < Self.maximumCount else { return nil }
        let header = 6
        return EXIF.data(userComment: text, limit: Entry.maximumCommentBytes - header)
    }
}

extension ImageMetadata: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        entries = elements.map { Entry(key: $0, text: $1) }
    }
}

extension ImageMetadata.Entry {
    /// Bytes that one JPEG segment can hold, without its length field.
    static let maximumCommentBytes = 65_533

    var hasValidKey: Bool {
        let scalars = Array(key.unicodeScalars)
        guard 1...79 ~= scalars.count, scalars.first != " ", scalars.last != " " else { return false }
        guard scalars.allSatisfy({ 0x20...0x7E ~= $0.value || 0xA1...0xFF ~= $0.value }) else { return false }
        return !zip(scalars, scalars.dropFirst()).contains { $0 == " " && $1 == " " }
    }

    /// Whether a tEXt chunk can hold the text: printable Latin-1 and line feeds.
    var isLatin1: Bool {
        text.unicodeScalars.allSatisfy { 0x20...0x7E ~= $0.value || 0xA0...0xFF ~= $0.value || $0 == "\n" }
    }

    /// The entry as a JPEG's comment.
    var comment: String { "\(key): \(text)" }

    /// Makes an entry of a JPEG's comment. A comment without a key, from other programs, gets the key `Comment`.
    init(comment: String) {
        let scalars = comment.unicodeScalars
        if let colon = scalars.indices.first(where: { scalars[$0...].starts(with: [":", " "]) }) {
            let entry = Self(
                key: String(scalars[..<colon]), text: String(scalars[scalars.index(colon, offsetBy: 2)...]))
            if entry.hasValidKey {
                self = entry
                return
            }
        }
        self.init(key: "Comment", text: comment)
    }
}

/// Orientation of a camera's picture: the rotation or reflection that makes stored rows upright.
///
/// Raw values are EXIF's (tag 0x0112).
enum EXIFOrientation: Int {
    case upright = 1
    case mirrored, rotated180, flipped, transposed, rotated90, transversed, rotated270

    /// Reads the orientation from EXIF data that begin with the TIFF header; nil if it is absent or the data are invalid.
    init?(exif bytes: [UInt8]) {
        guard let value = EXIF(bytes)?.short(0x0112, in: .main) else { return nil }
        self.init(rawValue: value)
    }
}

extension RGBImage {
    /// The upright picture.
    func oriented(_ orientation: EXIFOrientation) throws(ImageError) -> RGBImage {
        if orientation == .upright { return self }
        let isTurned = orientation.rawValue >= EXIFOrientation.transposed.rawValue
        var result = try RGBImage(width: isTurned ? height : width, height: isTurned ? width : height)
        for y in 0..<result.height {
            for x in 0..<result.width {
                result[x, y] =
                    switch orientation {
                    case .upright: self[x, y]
                    case .mirrored: self[width - 1 - x, y]
                    case .rotated180: self[width - 1 - x, height - 1 - y]
                    case .flipped: self[x, height - 1 - y]
                    case .transposed: self[y, x]
                    case .rotated90: self[y, height - 1 - x]
                    case .transversed: self[width - 1 - y, height - 1 - x]
                    case .rotated270: self[width - 1 - y, x]
                    }
            }
        }
        return result
    }
}
