import Foundation
import Glibc

/// The locks by which programs that share the cache keep out of each other's way: `flock` on a file, as huggingface_hub's.
enum CacheLock {
    private static let pollingInterval = Duration.milliseconds(100)

    /// Runs `body` while this process holds the lock at `url`, whose folder is there.
    /// - Parameter waiting: called once if another one holds it.
    /// - Throws: `HubError.cache`, `CancellationError`, and what `body` throws.
    static func withLock<Result>(
        at url: URL, waiting: () -> Void, _ body: () async throws -> Result
    ) async throws -> Result {
        var isFirst = true
        while true {
            // Group-writable, for those who share a cache.
            let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
            guard descriptor >= 0 else { throw HubError(errno: errno, path: url.path) }
            defer { close(descriptor) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                // Whoever held it may have removed the file: then the lock is on nothing that others see.
                if isStillThere(descriptor, at: url.path) { return try await body() }
                continue
            }
            guard errno == EWOULDBLOCK || errno == EINTR else { throw HubError(errno: errno, path: url.path) }
            if isFirst { waiting() }
            isFirst = false
            try await Task.sleep(for: pollingInterval)
        }
    }

    private static func isStillThere(_ descriptor: Int32, at path: String) -> Bool {
        var (held, named) = (stat(), stat())
        return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino
            && held.st_dev == named.st_dev
    }
}
