import CMemoryFile
import Glibc

/// Read-only bytes of a file, or of memory that stands for a file: weights come from either.
///
/// A file's bytes are read from disk when they are first touched. Bytes in memory (decrypted weights, for instance) are made
/// once by `init(inMemory:byteCount:fill:)`; they are never written to disk by this type, and are left out of core dumps.
/// Both kinds can be mapped again into a `WeightSpace` without a copy.
///
/// The mapping is of the file that was opened. A file put in its place later (as savers that rename do) is not seen, and
/// does no harm. A file *truncated* in place later is another matter: touching a page that is no longer there kills the
/// process with SIGBUS, as with every mapping. `checkUnchanged()` just before long use makes that window small; it can't
/// close it. A file *overwritten* in place shows its new bytes.
///
/// @unchecked: all stored properties are constants, and nothing writes to the mapped bytes.
public final class MappedFile: @unchecked Sendable {
    /// The path as it was given; for bytes in memory, their name.
    public let path: String
    /// Whether the bytes exist in memory alone. Their pages cannot be read again from anywhere, and are never dropped.
    public let isInMemory: Bool
    /// Size in bytes when it was opened.
    public var byteCount: Int { bytes.count }
    /// The file's bytes, valid while this object lives: keep it, or use `withUnsafeBytes`. They start at a page.
    public let bytes: UnsafeRawBufferPointer
    public let identity: FileIdentity
    /// Open while this object lives: `WeightSpace` maps the same file again, whatever its path may lead to by then.
    let descriptor: Int32

    /// Opens and maps the file at `path`; an empty file too.
    public init(path: String) throws(FileError) {
        // A C string ends at NUL: the rest of such a path would be ignored.
        guard !path.utf8.contains(0) else { throw .missing(path: path) }
        // Without O_NONBLOCK, opening a pipe waits for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(errno: errno, path: path, operation: "open") }
        do throws(FileError) {
            let status = try Self.status(descriptor, path)
            switch status.st_mode & S_IFMT {
            case S_IFREG: break
            case S_IFDIR: throw .isDirectory(path: path)
            default: throw .notRegular(path: path)
            }
            identity = FileIdentity(status)
            bytes = try Self.map(descriptor, byteCount: identity.byteCount, path: path)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
        isInMemory = false
    }

    /// Bytes in memory, which nothing can change after this.
    ///
    /// - Parameters:
    ///   - name: stands for the path in errors.
    ///   - fill: writes the bytes, which are zero before. Not called where `byteCount` is 0.
    /// - Throws: `FileError.system` where the system refuses the memory; what `fill` throws.
    public init(inMemory name: String, byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
        let descriptor = cmemoryfile_create("glint")
        guard descriptor >= 0 else { throw FileError(errno: errno, path: name, operation: "allocate memory for") }
        do {
            guard byteCount >= 0, ftruncate(descriptor, byteCount) == 0 else {
                throw FileError(errno: byteCount < 0 ? EINVAL : errno, path: name, operation: "allocate memory for")
            }
            if byteCount > 0 {
                let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
                guard let address, address != MAP_FAILED else {
                    throw FileError(errno: errno, path: name, operation: "map")
                }
                // The seal below is refused while a writable mapping exists.
                defer { munmap(address, byteCount) }
                madvise(address, byteCount, MADV_DONTDUMP)
                try fill(UnsafeMutableRawBufferPointer(start: address, count: byteCount))
            }
            guard cmemoryfile_seal(descriptor) == 0 else { throw FileError(errno: errno, path: name, operation: "protect") }
            identity = FileIdentity(try Self.status(descriptor, name))
            bytes = try Self.map(descriptor, byteCount: byteCount, path: name)
        } catch {
            close(descriptor)
            throw error
        }
        bytes.excludeFromCoreDumps()
        self.descriptor = descriptor
        path = name
        isInMemory = true
    }

    deinit {
        if let address = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: address), bytes.count) }
        close(descriptor)
    }

    /// Lends the file's bytes, and keeps this object meanwhile.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }

    /// Checks that the file still has the size and modification time it was mapped with.
    /// - Throws: `FileError.changed`.
    public func checkUnchanged() throws(FileError) {
        let found = FileIdentity(try Self.status(descriptor, path))
        guard found == identity else { throw .changed(path: path, expected: identity, found: found) }
    }

    /// Gives the memory of pages read so far back to the system; they stay mapped and are read again when touched. Bytes in
    /// memory stay as they are.
    public func dropPages() { dropPages(bytes) }

    /// Drops the pages of `mapping`, a mapping of this file from the start of a page; none where the bytes are in memory.
    func dropPages(_ mapping: UnsafeRawBufferPointer) {
        guard !isInMemory, let address = mapping.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: address), mapping.count, MADV_DONTNEED)
    }

    private static func status(_ descriptor: Int32, _ path: String) throws(FileError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(errno: errno, path: path, operation: "examine") }
        return status
    }

    private static func map(_ descriptor: Int32, byteCount: Int, path: String) throws(FileError) -> UnsafeRawBufferPointer {
        // mmap refuses a length of zero.
        guard byteCount > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        guard let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw FileError(errno: errno, path: path, operation: "map")
        }
        return UnsafeRawBufferPointer(start: address, count: byteCount)
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
