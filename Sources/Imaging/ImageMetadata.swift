/// Texts in a picture's file, in order: the request, and all that is needed to draw the picture again.
///
/// A PNG holds them as tEXt or iTXt chunks, a JPEG as comments `key: text`.
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
