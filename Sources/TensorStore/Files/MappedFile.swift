import CMemoryFile
import Glibc

/// Read-only bytes of a file, or of memory that stands for a file: weights come from either.
///
/// A file's bytes are read from disk when they are first touched. Bytes in memory are made once by
/// `init(inMemory:byteCount:fill:)`; they are never written to disk by this type, and are left out of core dumps. An encrypted
/// file is decrypted into such memory (`FileDecryption`). All kinds can be mapped again into a `WeightSpace` without a copy.
///
/// The mapping is of the file that was opened. A file put in its place later (as savers that rename do) is not seen, and
/// does no harm. A file *truncated* in place later is another matter: touching a page that is no longer there kills the
/// process with SIGBUS, as with every mapping. `checkUnchanged()` just before long use makes that window small; it can't
/// close it. A file *overwritten* in place shows its new bytes.
///
/// @unchecked: all stored properties are constants, and nothing writes to the mapped bytes but `SecretMemory`, which says when.
public final class MappedFile: @unchecked Sendable {
    /// The path as it was given; for bytes in memory, their name.
    public let path: String
    /// Whether the bytes exist in memory alone. Their pages cannot be read again from anywhere, and are never dropped.
    public let isInMemory: Bool
    public let identity: FileIdentity
    /// Of an encrypted file: its bytes' memory.
    let secret: SecretMemory?
    private let mapping: Mapping

    /// Size in bytes when it was opened.
    public var byteCount: Int { mapping.bytes.count }
    /// Whether the file is encrypted on disk.
    public var isDecrypted: Bool { secret != nil }
    /// Open while this object lives: `WeightSpace` maps the same file again, whatever its path may lead to by then.
    var descriptor: Int32 { mapping.descriptor }

    /// The file's bytes, valid while this object lives: keep it, or use `withUnsafeBytes`. They start at a page.
    ///
    /// Decrypted bytes that were asked for in this way stay in memory until this object is freed.
    public var bytes: UnsafeRawBufferPointer {
        secret?.expose()
        return mapping.bytes
    }

    /// Opens and maps the file at `path`; an empty file too. An encrypted file is decrypted and checked as a whole.
    /// - Throws: `FileError`; `.encrypted` where a file's key is missing or it is damaged.
    public convenience init(path: String) throws(FileError) {
        let stored = try MappedFile(stored: path)
        if let content = try ProcessDecryption.content(of: stored) {
            try self.init(stored, content)
        } else {
            self.init(path, stored.mapping, stored.identity)
        }
    }

    /// Opens and maps the file at `path` as it is on disk, encrypted or not.
    public convenience init(stored path: String) throws(FileError) {
        // A C string ends at NUL: the rest of such a path would be ignored.
        guard !path.utf8.contains(0) else { throw .missing(path: path) }
        // Without O_NONBLOCK, opening a pipe waits for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(errno: errno, path: path, operation: "open") }
        let mapping: Mapping
        let identity: FileIdentity
        do throws(FileError) {
            let status = try Mapping.status(descriptor, path)
            switch status.st_mode & S_IFMT {
            case S_IFREG: break
            case S_IFDIR: throw .isDirectory(path: path)
            default: throw .notRegular(path: path)
            }
            identity = FileIdentity(status)
            mapping = try Mapping(descriptor, byteCount: identity.byteCount, path: path)
        } catch {
            close(descriptor)
            throw error
        }
        self.init(path, mapping, identity)
    }

    /// Bytes in memory, which nothing can change after this.
    ///
    /// - Parameters:
    ///   - name: stands for the path in errors.
    ///   - fill: writes the bytes, which are zero before. Not called where `byteCount` is 0.
    /// - Throws: `FileError.system` where the system refuses the memory; what `fill` throws.
    public convenience init(
        inMemory name: String, byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        let memory = try MemoryFile(name, byteCount: byteCount)
        if let bytes = memory.bytes {
            // The seal below is refused while a writable mapping exists.
            defer { memory.unmap() }
            try fill(bytes)
        }
        guard cmemoryfile_seal(memory.descriptor) == 0 else {
            throw FileError(errno: errno, path: name, operation: "protect")
        }
        let descriptor = memory.takeDescriptor()
        let (mapping, identity) = try Mapping.ofMemory(descriptor, byteCount: byteCount, name: name)
        self.init(name, mapping, identity, isInMemory: true)
    }

    /// The decrypted bytes of `stored`.
    convenience init(_ stored: MappedFile, _ content: SecretContent) throws(FileError) {
        let secret = try SecretMemory(content, of: stored)
        let mapping = try secret.mapping()
        self.init(stored.path, mapping, stored.identity, isInMemory: true, secret: secret)
    }

    private init(
        _ path: String, _ mapping: Mapping, _ identity: FileIdentity, isInMemory: Bool = false, secret: SecretMemory? = nil
    ) {
        self.path = path
        self.mapping = mapping
        self.identity = identity
        self.isInMemory = isInMemory
        self.secret = secret
    }

    /// Lends the file's bytes, and keeps this object meanwhile.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        secret?.beginReading()
        defer { withExtendedLifetime(self) { secret?.endReading() } }
        return try body(mapping.bytes)
    }

    /// Checks that the file still has the size and modification time it was mapped with, and that it could be decrypted each time.
    /// - Throws: `FileError.changed`, `.encrypted`.
    public func checkUnchanged() throws(FileError) {
        let found = FileIdentity(try Mapping.status(secret?.stored.descriptor ?? descriptor, path))
        guard found == identity else { throw .changed(path: path, expected: identity, found: found) }
        if let failure = secret?.failure { throw failure }
    }

    /// Copies bytes of the file as it is on disk, without touching its mapping.
    /// - Parameter offset: of the first byte; all of `target` must lie in the file.
    /// - Throws: `FileError.changed` where the file ends before.
    public func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
        var done = 0
        while done < target.count {
            let count = pread(descriptor, target.baseAddress.map { $0 + done }, target.count - done, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                let found = FileIdentity(try Mapping.status(descriptor, path))
                throw .changed(path: path, expected: identity, found: found)
            } else if errno != EINTR {
                throw FileError(errno: errno, path: path, operation: "read")
            }
        }
    }

    /// Gives the memory of pages read so far back to the system; they stay mapped and are read again when touched. Bytes in
    /// memory stay as they are.
    public func dropPages() { dropPages(mapping.bytes) }

    /// Drops the pages of `mapping`, a mapping of this file from the start of a page; none where the bytes are in memory.
    func dropPages(_ mapping: UnsafeRawBufferPointer) {
        guard !isInMemory, let address = mapping.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: address), mapping.count, MADV_DONTNEED)
    }
}

extension UnsafeRawBufferPointer {
    /// Keeps a mapping that starts at a page out of core dumps.
    func excludeFromCoreDumps() {
        guard let baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: baseAddress), count, MADV_DONTDUMP)
    }
}

/// Distinguishes states of a file without reading it.
public struct FileIdentity: Sendable, Hashable {
    public let device: UInt64
    public let inode: UInt64
    public let byteCount: Int
    /// Time of the last modification, in nanoseconds since 1970.
    public let modificationTime: Int64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = Int(status.st_size)
        modificationTime = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    }
}

extension FileIdentity: CustomStringConvertible {
    public var description: String { "\(device):\(inode) \(byteCount) \(modificationTime)" }
}
