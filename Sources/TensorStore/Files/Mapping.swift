import CMemoryFile
import Glibc

/// An open file and its read-only mapping.
///
/// @unchecked: all stored properties are constants.
final class Mapping: @unchecked Sendable {
    let descriptor: Int32
    let bytes: UnsafeRawBufferPointer

    /// Maps a file, whose descriptor this object then closes; not where it throws.
    init(_ descriptor: Int32, byteCount: Int, path: String) throws(FileError) {
        // mmap refuses a length of zero.
        if byteCount > 0 {
            guard let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
                throw FileError(errno: errno, path: path, operation: "map")
            }
            bytes = UnsafeRawBufferPointer(start: address, count: byteCount)
        } else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        self.descriptor = descriptor
    }

    deinit {
        if let address = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: address), bytes.count) }
        close(descriptor)
    }

    /// Maps memory, which is kept out of core dumps, and closes the descriptor also where it throws.
    static func ofMemory(
        _ descriptor: Int32, byteCount: Int, name: String
    ) throws(FileError) -> (Mapping, FileIdentity) {
        do throws(FileError) {
            let identity = FileIdentity(try status(descriptor, name))
            let mapping = try Mapping(descriptor, byteCount: byteCount, path: name)
            mapping.bytes.excludeFromCoreDumps()
            return (mapping, identity)
        } catch {
            close(descriptor)
            throw error
        }
    }

    static func status(_ descriptor: Int32, _ path: String) throws(FileError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(errno: errno, path: path, operation: "examine") }
        return status
    }
}

/// A file without a path whose pages are memory, with a mapping to write to it that core dumps leave out.
final class MemoryFile {
    private(set) var descriptor: Int32
    /// nil where the file is empty, or is not mapped any more.
    private(set) var bytes: UnsafeMutableRawBufferPointer?

    /// - Throws: `FileError.system` where the system refuses the memory.
    init(_ name: String, byteCount: Int) throws(FileError) {
        descriptor = cmemoryfile_create("glint")
        guard descriptor >= 0 else { throw FileError(errno: errno, path: name, operation: "allocate memory for") }
        // From here on `deinit` closes, also after an error.
        guard byteCount >= 0, ftruncate(descriptor, off_t(byteCount)) == 0 else {
            throw FileError(errno: byteCount < 0 ? EINVAL : errno, path: name, operation: "allocate memory for")
        }
        guard byteCount > 0 else { return }
        let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw FileError(errno: errno, path: name, operation: "map") }
        madvise(address, byteCount, MADV_DONTDUMP)
        bytes = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
    }

    deinit {
        unmap()
        if descriptor >= 0 { close(descriptor) }
    }

    func unmap() {
        if let bytes { munmap(bytes.baseAddress, bytes.count) }
        bytes = nil
    }

    /// The descriptor, which the caller closes.
    func takeDescriptor() -> Int32 {
        defer { descriptor = -1 }
        return descriptor
    }
}
