public import Foundation

/// The cache folder of huggingface_hub, with its layout:
///
///     models--owner--name/
///         blobs/<digest>                      content, named by its checksum
///         refs/<revision>                     the commit that a branch or tag was at
///         snapshots/<commit>/<path>           a link to the blob
///     .locks/models--owner--name/<digest>.lock
public struct HubCache: Sendable {
    public let folder: URL

    public init(folder: URL) { self.folder = folder }

    /// The cache set by the environment: `HF_HUB_CACHE`, `HF_HOME`, or `~/.cache/huggingface/hub`.
    public static var standard: HubCache {
        HubCache(folder: HubEnvironment.cacheFolder(HubSettings(ProcessInfo.processInfo.environment)))
    }

    /// The folder of a downloaded model, by Glint or by any other program that uses this cache.
    /// - Parameter repo: `owner/name`.
    /// - Returns: nil if there is no such folder, it has no file, or a file's content is missing.
    public func snapshot(repo: String, revision: String = "main") -> URL? {
        (try? RepositoryReference(repository: repo, revision: revision)).flatMap(snapshot(of:))
    }

    /// The folder of a downloaded model, see `snapshot(repo:revision:)`.
    public func snapshot(of reference: RepositoryReference) -> URL? {
        guard let commit = commit(of: reference) else { return nil }
        let folder = snapshotFolder(reference.repository, commit: commit)
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
        // `fileExists` follows links, so a link to a missing blob does not count.
        let exist = paths.allSatisfy { FileManager.default.fileExists(atPath: folder.appending(path: $0).path) }
        return paths.isEmpty || !exist ? nil : folder
    }

    /// Files of a snapshot and their sizes in bytes, sorted by path.
    func files(in snapshot: URL) -> [(path: String, size: Int)] {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: snapshot.path)) ?? []
        return paths.sorted().compactMap { path in
            let file = snapshot.appending(path: path).resolvingSymlinksInPath().path
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: file),
                attributes[.type] as? FileAttributeType == .typeRegular, let size = attributes[.size] as? Int
            else { return nil }
            return (path, size)
        }
    }

    /// Branches, tags and commits of `repository` that are usable offline.
    func revisions(of repository: String) -> [String] {
        let folder = repositoryFolder(repository)
        func names(_ part: String) -> [String] {
            ((try? FileManager.default.subpathsOfDirectory(atPath: folder.appending(path: part).path)) ?? []).sorted()
        }
        let references = names("refs").filter { snapshot(repo: repository, revision: $0) != nil }
        let named = Set(references.compactMap { try? commit(of: RepositoryReference(repository: repository, revision: $0)) })
        let commits = names("snapshots").filter { $0.isHex(count: 40) && !named.contains($0) }
        return references + commits.filter { snapshot(repo: repository, revision: $0) != nil }
    }

    /// The commit of `reference` at its last download.
    func commit(of reference: RepositoryReference) -> String? {
        if reference.isCommit { return reference.revision }
        guard let text = try? String(contentsOf: referenceFile(reference), encoding: .utf8) else { return nil }
        let commit = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return commit.isHex(count: 40) ? commit : nil
    }

    func repositoryFolder(_ repository: String) -> URL { folder.appending(path: Self.folderName(repository)) }

    func blobsFolder(_ repository: String) -> URL { repositoryFolder(repository).appending(path: "blobs") }

    func blob(_ digest: ContentDigest, of repository: String) -> URL {
        blobsFolder(repository).appending(path: digest.hex)
    }

    func snapshotFolder(_ repository: String, commit: String) -> URL {
        repositoryFolder(repository).appending(path: "snapshots").appending(path: commit)
    }

    func referenceFile(_ reference: RepositoryReference) -> URL {
        repositoryFolder(reference.repository).appending(path: "refs").appending(path: reference.revision)
    }

    func lockFile(_ digest: ContentDigest, of repository: String) -> URL {
        folder.appending(path: ".locks").appending(path: Self.folderName(repository)).appending(path: "\(digest.hex).lock")
    }

    private static func folderName(_ repository: String) -> String {
        "models--" + repository.replacingOccurrences(of: "/", with: "--")
    }

    /// Whether the cache has the content of `file` in full length.
    func hasBlob(of file: RemoteFile, in repository: String) -> Bool {
        let path = blob(file.digest, of: repository).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return false }
        return attributes[.type] as? FileAttributeType == .typeRegular && attributes[.size] as? Int == file.size
    }
}
