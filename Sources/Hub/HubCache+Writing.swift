import Foundation
import Glibc
import TensorStore

extension HubCache {
    /// Makes the folders that blobs and locks of a repository lie in.
    /// - Throws: `HubError.cache`.
    func prepare(_ repository: String) throws(HubError) {
        try makeFolder(blobsFolder(repository))
        try makeFolder(lockFile(.sha256(""), of: repository).deletingLastPathComponent())
        // Tells backup programs that everything here can be had again.
        let tag = folder.appending(path: "CACHEDIR.TAG")
        guard !FileManager.default.fileExists(atPath: tag.path) else { return }
        try write(
            "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of models: https://bford.info/cachedir/\n",
            to: tag)
    }

    /// Puts `file` into the snapshot of `commit`: a relative link to its blob, as the cache may be moved.
    func link(_ file: RemoteFile, of repository: String, commit: String) throws(HubError) {
        let snapshot = snapshotFolder(repository, commit: commit)
        let pointer = snapshot.appending(path: file.path)
        try makeFolder(pointer.deletingLastPathComponent())
        let ups = file.path.utf8.count { $0 == UInt8(ascii: "/") } + 2
        let target = String(repeating: "../", count: ups) + "blobs/\(file.digest.hex)"
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: pointer.path)) == target { return }
        // Made under another name first: whoever reads the snapshot meanwhile finds the old link or the new one.
        let temporary = pointer.deletingLastPathComponent().appending(path: ".glint-\(UUID().uuidString)")
        guard symlink(target, temporary.path) == 0 else { throw HubError(errno: errno, path: pointer.path) }
        guard rename(temporary.path, pointer.path) == 0 else {
            let code = errno
            unlink(temporary.path)
            throw HubError(errno: code, path: pointer.path)
        }
    }

    /// Notes which commit a branch or tag is at.
    func record(_ reference: RepositoryReference, at commit: String) throws(HubError) {
        guard !reference.isCommit, self.commit(of: reference) != commit else { return }
        let file = referenceFile(reference)
        try makeFolder(file.deletingLastPathComponent())
        try write(commit, to: file)
    }

    /// Bytes that can still be written into the cache; nil where the system does not say.
    var freeBytes: Int? {
        var status = statvfs()
        var place = folder
        // It may not be there yet.
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
            throw .cache(path: url.path, reason: "the folder can't be made (\(Self.reason(error)))")
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

    /// The system's own words, rather than Foundation's.
    private static func reason(_ error: any Error) -> String {
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
        return cause.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
    }
}

extension HubError {
    /// What `code`, a value of `errno`, says about `path` in the cache.
    init(errno code: Int32, path: String) {
        self = .cache(path: path, reason: String(cString: strerror(code)))
    }
}

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
