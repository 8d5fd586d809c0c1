import Glibc

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
        case .notRegular(let path): "\(path) is no regular file."
        case .noPermission(let path): "There is no permission to read or write \(path)."
        case .changed(let path, let expected, let found):
            "\(path) changed while it was in use (\(expected.byteCount) bytes then, \(found.byteCount) now); load it again."
        case .system(let path, let operation, let reason): "Could not \(operation) \(path): \(reason)."
        }
    }
}
