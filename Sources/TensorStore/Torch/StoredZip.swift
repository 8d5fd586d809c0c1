/// A zip of which every entry that is asked for is stored as it is, as torch writes it.
struct StoredZip {
    private let zip: ZipDirectory

    var names: some Collection<String> { zip.names }

    init(_ file: MappedFile) throws(TorchFileError) {
        do {
            zip = try ZipDirectory(file)
        } catch {
            switch error {
            case .notAZip(let kind, let file): throw .notAZip(kind, file: file)
            case .damaged(let file, let reason): throw .zip(file: file, reason: reason)
            }
        }
    }

    /// - Throws: `TorchFileError.missingEntry`, `.compressed`.
    func entry(_ name: String) throws(TorchFileError) -> ZipDirectory.Entry {
        guard let entry = zip.entry(name) else { throw .missingEntry(file: zip.file.path, entry: name) }
        guard entry.method == .stored else { throw .compressed(file: zip.file.path, entry: name) }
        return entry
    }
}
