import Synchronization

/// Decrypts files where they are read: every reader of models opens `MappedFile`s, and so needs to know nothing of it.
public protocol FileDecryption: Sendable {
    /// The content of a file that is encrypted.
    /// - Parameter file: the file as it is on disk.
    /// - Returns: nil where the file is to be read as it is.
    /// - Throws: `FileError.encrypted` where its key is missing, or it is damaged.
    func content(of file: MappedFile) throws(FileError) -> SecretContent?
}

/// The decrypted content of a file, which can be made any number of times.
public struct SecretContent: Sendable {
    public let byteCount: Int
    /// Writes all bytes to memory of `byteCount` bytes, after it has checked them where the format allows it. May be called again.
    public let fill: @Sendable (UnsafeMutableRawBufferPointer) throws(FileError) -> Void

    public init(byteCount: Int, fill: @escaping @Sendable (UnsafeMutableRawBufferPointer) throws(FileError) -> Void) {
        self.byteCount = byteCount
        self.fill = fill
    }
}

extension MappedFile {
    /// The keys by which this process reads encrypted files; nil where it has none.
    public static var decryption: (any FileDecryption)? {
        get { ProcessDecryption.current.withLock { $0 } }
        set { ProcessDecryption.current.withLock { $0 = newValue } }
    }
}

enum ProcessDecryption {
    static let current = Mutex<(any FileDecryption)?>(nil)

    static func content(of file: MappedFile) throws(FileError) -> SecretContent? {
        let decryption = current.withLock { $0 }
        if let content = try decryption?.content(of: file) { return content }
        if file.isEncrypted { throw .encrypted(path: file.path, .noKey) }
        return nil
    }
}

extension MappedFile {
    /// The first bytes of a file that `glint encrypt` wrote.
    public static let encryptionMark = Array("glint-encrypted\n".utf8)

    /// Whether the bytes on disk are those of an encrypted file in Glint's format.
    public var isEncrypted: Bool { withUnsafeBytes { $0.starts(with: Self.encryptionMark) } }
}

/// Faults that keep an encrypted file from being read.
public enum EncryptionFault: Error, Equatable, Sendable {
    case noKey
    /// No given key is the file's; keys by their ids.
    case otherKey(file: String, given: [String])
    case version(Int)
    /// The header is cut or damaged.
    case header(String)
    /// The file's size is another than the header says.
    case size(expected: Int, found: Int)
    /// Bytes from `offset` on are not those that were encrypted there.
    case damaged(offset: Int)
    /// The file was encrypted under another name in its folder.
    case name(String)
    /// Of `openssl enc`, which can't tell damage from a wrong key.
    case openSSL(String)
    /// Decrypted bytes could not be locked in memory.
    case notLocked(byteCount: Int, limit: Int)
    /// A command that would write the decrypted model to disk.
    case refused(String)
}

extension EncryptionFault: CustomStringConvertible {
    /// The end of a sentence that begins with the file's path.
    public var description: String {
        switch self {
        case .noKey: "is encrypted: give its key with --key-file or in GLINT_KEY"
        case .otherKey(let file, let given):
            "is encrypted with the key \(file), and the key given is \(given.joined(separator: ", ")): give the right one"
        case .version(let version):
            "is encrypted in version \(version) of the format, and this program reads version 1: take a newer program"
        case .header(let reason): "is encrypted, and its header is damaged (\(reason)): take another copy"
        case .size(let expected, let found) where found < expected:
            "is encrypted and cut: it has \(found) bytes of \(expected): take another copy"
        case .size(let expected, let found):
            "is encrypted and has \(found - expected) bytes after its end: take another copy"
        case .damaged(let offset):
            "is encrypted and damaged, or was changed, at byte \(offset) or soon after: take another copy"
        case .name(let name): "was encrypted as \(name), and lies under another name: put every file in its place"
        case .openSSL(let reason): reason
        case .notLocked(let byteCount, let limit):
            "can't be locked in memory: \(byteCount) bytes are beyond the limit of \(limit) (ulimit -l); raise it, or leave out "
                + "--require-locked"
        case .refused(let reason): "is encrypted: \(reason)"
        }
    }
}
