import Glibc

/// A file mapped into memory, read-only: its bytes are read from disk when they are first touched.
///
/// The mapping is of the file that was opened. A file put in its place later (as savers that rename do) is not seen, and
/// does no harm. A file *truncated* in place later is another matter: touching a page that is no longer there kills the
/// process with SIGBUS, as with every mapping. `checkUnchanged()` just before long use makes that window small; it can't
/// close it. A file *overwritten* in place shows its new bytes.
///
/// @unchecked: all stored properties are constants, and nothing writes to the mapped bytes.
public final class MappedFile: @unchecked Sendable {
    /// The path as it was given.
    public let path: String
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

    /// Gives the memory of pages read so far back to the system; they stay mapped and are read again when touched.
    public func dropPages() { bytes.dropPages() }

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
    /// For a read-only mapping of a file from the start of a page, where dropped pages come back from the file.
    func dropPages() {
        guard let baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: baseAddress), count, MADV_DONTNEED)
    }
}
