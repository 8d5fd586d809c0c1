import Foundation
import Glibc
import TensorStore

extension HubCache {
    /// Creates the folders for blobs and locks of a repository.
    /// - Throws: `HubError.cache`.
    func prepare(_ repository: String) throws(HubError) {
        try makeFolder(blobsFolder(repository))
        try makeFolder(lockFile(.sha256(""), of: repository).deletingLastPathComponent())
        // Tells backup programs that the folder is a cache and need not be saved.
        let tag = folder.appending(path: "CACHEDIR.TAG")
        guard !FileManager.default.fileExists(atPath: tag.path) else { return }
        try write(
            "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of models: https://bford.info/cachedir/\n",
            to: tag)
    }

    /// Adds `file` to the snapshot of `commit` as a link to its blob. The link is relative, so that the cache can be moved.
    func link(_ file: RemoteFile, of repository: String, commit: String) throws(HubError) {
        let snapshot = snapshotFolder(repository, commit: commit)
        let pointer = snapshot.appending(path: file.path)
        try makeFolder(pointer.deletingLastPathComponent())
        let ups = file.path.utf8.count { $0 == UInt8(ascii: "/") } + 2
        let target = String(repeating: "../", count: ups) + "blobs/\(file.digest.hex)"
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: pointer.path)) == target { return }
        // The link is created under another name and then renamed, so that readers see either the old or the new one.
        let temporary = pointer.deletingLastPathComponent().appending(path: ".glint-\(UUID().uuidString)")
        guard symlink(target, temporary.path) == 0 else { throw HubError(errno: errno, path: pointer.path) }
        guard rename(temporary.path, pointer.path) == 0 else {
            let code = errno
            unlink(temporary.path)
            throw HubError(errno: code, path: pointer.path)
        }
    }

    /// Writes the current commit of a branch or tag.
    func record(_ reference: RepositoryReference, at commit: String) throws(HubError) {
        guard !reference.isCommit, self.commit(of: reference) != commit else { return }
        let file = referenceFile(reference)
        try makeFolder(file.deletingLastPathComponent())
        try write(commit, to: file)
    }

    /// Free bytes on the disk of the cache; nil if unknown.
    var freeBytes: Int? {
        var status = statvfs()
        var place = folder
        // The folder may not exist yet.
        while statvfs(place.path, &status) != 0 {
            guard errno == ENOENT, place.path != "/" else { return nil }
            place.deleteLastPathComponent()
        }
        return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }

    private func makeFolder(_ url: URL) throws(HubError) {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw .cache(path: url.path, reason: "the folder can't be created (\(Self.reason(error)))")
        }
    }

    private func write(_ text: String, to url: URL) throws(HubError) {
        do {
            let file = try AtomicFile(path: url.path)
            try file.write(Array(text.utf8))
            try file.commit()
        } catch {
            throw .cache(path: url.path, reason: "\(error)".trimmingCharacters(in: ["."]))
        }
    }

    /// The system's error message, rather than Foundation's.
    static func reason(_ error: any Error) -> String {
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
        return cause.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
    }
}

extension HubError {
    /// The error for `code`, a value of `errno`, at `path` in the cache.
    init(errno code: Int32, path: String) {
        self = .cache(path: path, reason: String(cString: strerror(code)))
    }
}

/// A lock between programs that share the cache: `flock` on a file, compatible with huggingface_hub's.
enum CacheLock {
    private static let pollingInterval = Duration.milliseconds(100)

    /// Runs `body` while this process holds the lock at `url`. The folder of `url` must exist.
    /// - Parameter waiting: called once if another process holds the lock.
    /// - Throws: `HubError.cache`, `CancellationError`, and the errors of `body`.
    static func withLock<Result>(
        at url: URL, waiting: () -> Void, _ body: () async throws -> Result
    ) async throws -> Result {
        var isFirst = true
        while true {
            // Group-writable, for caches shared by several users.
            let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
            guard descriptor >= 0 else { throw HubError(errno: errno, path: url.path) }
            defer { close(descriptor) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                // The previous holder may have removed the file. Then this lock is on a file that no other process opens.
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
