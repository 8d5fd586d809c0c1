import TensorStore

/// A file or folder that a picture was drawn with: its place then, and its content.
public struct FileRecord: Sendable, Hashable {
    /// The name in the description; empty for the default model.
    public let name: String
    /// The absolute path.
    public let path: String
    /// Equal for equal contents, see `Fingerprints`.
    public let fingerprint: String

    public init(name: String, path: String, fingerprint: String) {
        (self.name, self.path, self.fingerprint) = (name, path, fingerprint)
    }
}

extension OptionForm<[FileRecord]> {
    /// `[name, path, fingerprint]` each.
    static let files = OptionForm(
        expected: "an array of arrays of a name, a path and a fingerprint",
        read: { value in
            value.list { record in
                let texts = record.array?.compactMap(\.string) ?? []
                return texts.count == 3 ? FileRecord(name: texts[0], path: texts[1], fingerprint: texts[2]) : nil
            }
        },
        json: { .array($0.map { .array([.string($0.name), .string($0.path), .string($0.fingerprint)]) }) })
}
