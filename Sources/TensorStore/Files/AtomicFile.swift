import Glibc

/// A file that appears under its name when it is complete, not before.
///
/// It is written under a temporary name in the same folder and renamed by `commit()`; if that is never reached, the
/// temporary file is removed, and what was under the name before stays. Files already mapped from there are not disturbed.
public final class AtomicFile {
    public let path: String
    private let temporaryPath: String
    private var descriptor: Int32

    /// - Parameter mode: the new file's permissions, less the process's mask.
    /// - Throws: `FileError` where the folder is missing or may not be written to.
    public init(path: String, mode: UInt32 = 0o666) throws(FileError) {
        guard !path.utf8.contains(0) else { throw .missing(path: path) }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        self.path = path
        temporaryPath = "\(folder).glint-\(getpid())-\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).tmp"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        if descriptor < 0 {
            let code = errno
            throw code == ENOENT ? .missingFolder(path: folder) : FileError(errno: code, path: path, operation: "create")
        }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporaryPath)
    }

    /// Appends `bytes`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        precondition(descriptor >= 0, "written to after commit()")
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(errno: errno, path: path, operation: "write")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Appends `bytes`.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        let result = bytes.withUnsafeBytes { bytes in Result { () throws(FileError) in try write(bytes) } }
        try result.get()
    }

    /// Puts the file under its name, in place of what was there.
    public func commit() throws(FileError) {
        precondition(descriptor >= 0, "committed twice")
        let closed = close(descriptor) == 0 ? 0 : errno
        descriptor = -1
        let renamed = closed != 0 || rename(temporaryPath, path) == 0 ? 0 : errno
        guard closed == 0, renamed == 0 else {
            unlink(temporaryPath)
            throw FileError(errno: closed != 0 ? closed : renamed, path: path, operation: "write")
        }
    }
}

/// An error of reading, mapping or writing a file.
public enum FileError: Error, Equatable, Sendable {
    case missing(path: String)
    /// The folder that a file is to be written into.
    case missingFolder(path: String)
    case isDirectory(path: String)
    /// A pipe, a socket or a device where a file is needed.
    case notRegular(path: String)
    case noPermission(path: String)
    /// The file has changed since it was mapped.
    case changed(path: String, expected: FileIdentity, found: FileIdentity)
    /// The file is encrypted and can't be read.
    case encrypted(path: String, EncryptionFault)
    /// Any other failure of the system; `reason` is its own text.
    case system(path: String, operation: String, reason: String)

    /// The error that `code`, a value of `errno`, stands for after `operation` on `path`.
    init(errno code: Int32, path: String, operation: String) {
        switch code {
        case ENOENT, ENOTDIR: self = .missing(path: path)
        case EISDIR: self = .isDirectory(path: path)
        case EACCES, EPERM, EROFS: self = .noPermission(path: path)
        default: self = .system(path: path, operation: operation, reason: String(cString: strerror(code)))
        }
    }
}

extension FileError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path): "There is no file \(path)."
        case .missingFolder(let path): "There is no folder \(path) to write into."
        case .isDirectory(let path): "\(path) is a folder; a file is needed."
        case .notRegular(let path): "\(path) is not a regular file."
        case .noPermission(let path): "There is no permission to read or write \(path)."
        case .changed(let path, let expected, let found):
            "\(path) changed while it was in use (\(expected.byteCount) bytes then, \(found.byteCount) now); load it again."
        case .encrypted(let path, let fault): "\(path) \(fault)."
        case .system(let path, let operation, let reason): "Could not \(operation) \(path): \(reason)."
        }
    }
}
