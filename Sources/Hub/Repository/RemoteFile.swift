/// A file of a repository.
public struct RemoteFile: Hashable, Sendable {
    /// Its place in the repository: one or more names with `/` between, none of them `.` or `..`.
    public let path: String
    /// In bytes.
    public let size: Int
    public let digest: ContentDigest

    /// - Throws: `HubError.unsafePath`: the path comes from outside, and files are written under it.
    init(path: String, size: Int, digest: ContentDigest, repository: String) throws(HubError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }), parts.count <= 32,
            parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 })
        else { throw .unsafePath(path, repository: repository) }
        self.path = path
        self.size = size
        self.digest = digest
    }

    /// The folder it lies in, `""` for the root.
    var folder: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }

    /// Its name within the folder.
    var name: String { path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path }
}
