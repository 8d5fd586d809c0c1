import Foundation

/// Downloads one file into the cache. Resumes an earlier download, and verifies the digest.
struct BlobDownload: Sendable {
    let hub: HubRepository
    let file: RemoteFile
    let commit: String

    private var repository: String { hub.reference.repository }
    private var cache: HubCache { hub.environment.cache }

    /// Downloads the file unless the cache has its content.
    /// - Returns: false if the cache had it.
    /// - Throws: `HubError`, `CancellationError`; the part received so far stays for the next try.
    func run() async throws -> Bool {
        try cache.prepare(repository)
        let lock = cache.lockFile(file.digest, of: repository)
        return try await CacheLock.withLock(at: lock, waiting: { hub.report(.waiting(path: file.path)) }) {
            guard !cache.hasBlob(of: file, in: repository) else {
                hub.report(.found(path: file.path, bytes: file.size))
                return false
            }
            let content = RemoteContent(
                name: file.path, size: file.size, digest: file.digest, url: try hub.address(of: file, commit: commit))
            let download = ContentDownload(
                content: content, transport: hub.transport, retry: hub.retry, report: hub.report,
                error: { hub.error($0, path: file.path) })
            try await download.run(to: cache.blob(file.digest, of: repository))
            return true
        }
    }
}
