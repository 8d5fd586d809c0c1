import Foundation
import Glibc

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
        let blob = cache.blob(file.digest, of: repository)
        let lock = cache.lockFile(file.digest, of: repository)
        return try await CacheLock.withLock(at: lock, waiting: { hub.report(.waiting(path: file.path)) }) {
            guard !cache.hasBlob(of: file, in: repository) else {
                hub.report(.found(path: file.path, bytes: file.size))
                return false
            }
            var found = ""
            for _ in 0..<2 {
                let partial = try PartialFile(for: blob)
                let digest = try await fill(partial)
                if digest == file.digest {
                    try partial.commit(to: blob)
                    hub.report(.finished(path: file.path))
                    return true
                }
                found = digest.map(\.description) ?? "more than \(file.size) bytes"
                partial.remove()
                hub.report(.discarded(path: file.path, bytes: partial.size, reason: "its content is wrong (\(found))"))
            }
            throw HubError.wrongContent(path: file.path, expected: file.digest.description, found: found)
        }
    }

    /// Downloads the rest of `partial`, with retries.
    /// - Returns: the digest of the whole file; nil if the server sent more bytes than the file's size.
    private func fill(_ partial: PartialFile) async throws -> ContentDigest? {
        if partial.size > file.size { try partial.clear() }
        var digest = DigestBuilder(like: file.digest, size: file.size)
        try partial.read(into: &digest)
        if partial.size > 0 { hub.report(.found(path: file.path, bytes: partial.size)) }
        var attempts = Attempts(hub.retry)
        // A server that sends the same bytes again and again makes no progress.
        var furthest = partial.size
        while partial.size < file.size {
            do {
                guard try await receive(into: partial, &digest) else { return nil }
            } catch let failure as TransportFailure {
                if partial.size > furthest { attempts.reset() }
                furthest = max(furthest, partial.size)
                var isTransient = failure.isTransient
                // The server can't resume at this position.
                if case .status(416, _, _, _, _) = failure, partial.size > 0 {
                    try restart(partial, &digest)
                    isTransient = true
                }
                try await wait(&attempts, after: failure, isTransient, partial)
            }
        }
        return digest.finish()
    }

    /// Receives the response to one request.
    /// - Returns: false if it has more bytes than the file's size.
    /// - Throws: `TransportFailure` if it ends early.
    private func receive(into partial: PartialFile, _ digest: inout DigestBuilder) async throws -> Bool {
        let response = try await hub.transport.get(hub.address(of: file, commit: commit), rangeFrom: partial.size)
        let host = hub.environment.endpoint.authority
        if partial.size > 0 {
            let range = response.headers["Content-Range"] ?? ""
            let continues = response.status == 206 && range.hasPrefix("bytes \(partial.size)-")
            if !continues {
                try restart(partial, &digest)
                // A response with the whole file is accepted as well; one with another range is not.
                guard response.status != 206 else {
                    throw TransportFailure.connection(host: host, reason: "the response has another range than requested")
                }
            }
        }
        do {
            for try await chunk in response.body {
                try Task.checkCancellation()
                guard partial.size + chunk.count <= file.size else { return false }
                try chunk.withUnsafeBytes { bytes in
                    try partial.append(bytes)
                    digest.update(bytes)
                }
                hub.report(.received(bytes: chunk.count))
            }
        } catch HubError.diskFull(let folder, _, let available) {
            throw HubError.diskFull(folder: folder, needed: file.size - partial.size, available: available)
        } catch let error as HubError {
            throw error
        } catch {
            throw try HubTransport.failure(error, host: host)
        }
        try Task.checkCancellation()
        guard partial.size == file.size else {
            throw TransportFailure.connection(host: host, reason: "the response ended early")
        }
        return true
    }

    private func restart(_ partial: PartialFile, _ digest: inout DigestBuilder) throws(HubError) {
        hub.report(.discarded(path: file.path, bytes: partial.size, reason: "the server can't resume there"))
        try partial.clear()
        digest = DigestBuilder(like: file.digest, size: file.size)
    }

    private func wait(
        _ attempts: inout Attempts, after failure: TransportFailure, _ isTransient: Bool, _ partial: PartialFile
    ) async throws {
        do {
            try await attempts.wait(after: failure, isTransient: isTransient) {
                hub.report(.retrying(what: file.path, reason: failure.summary, delay: $0))
            }
        } catch let failure as TransportFailure {
            guard case .connection(_, let reason) = failure, partial.size > 0 else {
                throw hub.error(failure, path: file.path)
            }
            throw HubError.interrupted(path: file.path, received: partial.size, size: file.size, reason: reason)
        }
    }
}

/// A partly downloaded blob, `blobs/<digest>.incomplete`. It stays if the download is stopped, and the next one resumes it.
///
/// Used by one task, under the blob's lock.
final class PartialFile {
    /// Number of bytes in the file.
    private(set) var size: Int
    private let path: String
    private let descriptor: Int32
    private static let blockSize = 1 << 20

    static func url(_ blob: URL) -> URL { blob.appendingPathExtension("incomplete") }

    /// Opens the file, or creates it.
    init(for blob: URL) throws(HubError) {
        path = Self.url(blob).path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw HubError(errno: errno, path: path) }
        let end = lseek(descriptor, 0, SEEK_END)
        size = max(Int(end), 0)
        guard end >= 0 else { throw HubError(errno: errno, path: path) }
    }

    deinit { close(descriptor) }

    /// Deletes the content.
    func clear() throws(HubError) {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw HubError(errno: errno, path: path)
        }
        size = 0
    }

    /// Appends bytes.
    /// - Throws: `HubError.diskFull`, with the number of these bytes as `needed`; `.cache`.
    func append(_ bytes: UnsafeRawBufferPointer) throws(HubError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw [ENOSPC, EDQUOT].contains(errno)
                    ? .diskFull(folder: URL(filePath: path).deletingLastPathComponent().path, needed: rest.count, available: nil)
                    : HubError(errno: errno, path: path)
            }
            rest = rest.dropFirst(count)
            size += count
        }
    }

    /// Adds the file's content to `digest`.
    func read(into digest: inout DigestBuilder) throws {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockSize, alignment: 16)
        defer { block.deallocate() }
        var offset = 0
        while offset < size {
            try Task.checkCancellation()
            let count = pread(descriptor, block.baseAddress, min(block.count, size - offset), off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw HubError(errno: count < 0 ? errno : EIO, path: path) }
            digest.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
            offset += count
        }
    }

    /// Renames the file to the blob.
    func commit(to blob: URL) throws(HubError) {
        // A blob's name guarantees its content, also after a power failure, so the content is synced first.
        guard fsync(descriptor) == 0, rename(path, blob.path) == 0 else { throw HubError(errno: errno, path: blob.path) }
    }

    func remove() { unlink(path) }
}
