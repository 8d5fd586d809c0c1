import Foundation
public import TensorStore

/// The keys by which a process reads encrypted files.
public struct Keyring: FileDecryption {
    /// Of files in Glint's format; the file's header says which.
    public var keys: [EncryptionKey]
    /// How files of `openssl enc` are decrypted; nil where such files are read as they are.
    public var openSSL: OpenSSLDecryption?

    public init(keys: [EncryptionKey] = [], openSSL: OpenSSLDecryption? = nil) {
        self.keys = keys
        self.openSSL = openSSL
    }

    public var isEmpty: Bool { keys.isEmpty && openSSL == nil }

    /// - Throws: `FileError.encrypted`.
    public func content(of file: MappedFile) throws(FileError) -> SecretContent? {
        if file.isEncrypted { return try encryptedFile(file).content }
        return try openSSL?.content(of: file)
    }

    /// Decrypts a file chunk by chunk; one of `openssl enc` as a whole, in memory.
    func forEachChunk(of file: MappedFile, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        if file.isEncrypted {
            return try encryptedFile(file).forEachChunk(body)
        }
        guard let content = try openSSL?.content(of: file) else { throw FileError.encrypted(path: file.path, .noKey) }
        let memory = try SecretBytes(count: content.byteCount) { (target) throws(FileError) in try content.fill(target) }
        try memory.withBytes(body)
    }

    /// - Throws: `FileError.encrypted` where the key is missing, the header or the size wrong, or the file in another's place.
    func encryptedFile(_ file: MappedFile) throws(FileError) -> EncryptedFile {
        do throws(EncryptionFault) {
            let encrypted = try EncryptedFile(file, keys: keys)
            let name = encrypted.header.name
            guard name.isEmpty || Self.absolute(file.path).hasSuffix("/" + name) else { throw .name(name) }
            return encrypted
        } catch {
            throw .encrypted(path: file.path, error)
        }
    }

    /// The path without `.` and `..`. Links stay: the hub's cache has links whose names are the model's, and targets whose names
    /// are digests.
    private static func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }
}

extension EncryptionKey {
    /// Reads the key in a file of 64 hexadecimal digits.
    /// - Throws: `KeyError`.
    public init(file path: String) throws(KeyError) {
        let file: MappedFile
        do { file = try MappedFile(stored: path) } catch { throw .file(error) }
        let text = file.withUnsafeBytes { Array($0.prefix(1024)) }
        try self.init(hexadecimal: text, source: path)
    }

    /// Writes the key to a new file that its owner alone may read.
    /// - Throws: `KeyError.file` where the file exists, or can't be written.
    public func write(to path: String) throws(KeyError) {
        do throws(FileError) {
            // A key that is written over is lost, and every file of it.
            guard access(path, F_OK) != 0 else {
                throw .system(path: path, operation: "make a key in", reason: "there is a file already")
            }
            let file = try AtomicFile(path: path, mode: 0o600)
            try file.write(Array((hexadecimal + "\n").utf8))
            try file.commit()
        } catch {
            throw .file(error)
        }
    }
}
