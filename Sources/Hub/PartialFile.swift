import Foundation
import Glibc

/// A partly written file, `<file>.incomplete`. It stays if a download is stopped, and the next one resumes it.
///
/// Used by one task, under a lock.
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

    /// Renames the file to its own name.
    func commit(to blob: URL) throws(HubError) {
        // The name guarantees the content, also after a power failure, so the content is synced first.
        guard fsync(descriptor) == 0, rename(path, blob.path) == 0 else { throw HubError(errno: errno, path: blob.path) }
    }

    func remove() { unlink(path) }
}
