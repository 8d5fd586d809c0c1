public import TensorStore

/// Encrypts files, and decrypts them to disk. Files are read and written in chunks, whatever their size.
public enum FileEncryption {
    /// The result of encrypting or decrypting a file.
    public struct Result: Sendable {
        public var plainByteCount: Int
        public var storedByteCount: Int
    }

    /// Encrypts a file.
    /// - Parameters:
    ///   - source: read as it is on disk.
    ///   - target: the path of the new file.
    ///   - name: its path in the model's folder, under which alone it can be read; empty for a file on its own.
    ///   - progress: gets the number of plain bytes since the last call.
    /// - Throws: `FileError`, `KeyError`; what `progress` throws.
    public static func encrypt(
        _ source: MappedFile, to target: String, name: String = "", key: EncryptionKey, algorithm: ChunkAlgorithm = .aes256GCM,
        progress: (Int) throws -> Void = { _ in }
    ) throws -> Result {
        let writer = try Writer(
            EncryptedHeader(key, plainByteCount: source.byteCount, name: name, algorithm: algorithm), key, to: target)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: writer.header.chunkByteCount, alignment: 64)
        defer {
            chunk.overwrite()
            chunk.deallocate()
        }
        for index in 0..<writer.header.chunkCount {
            let range = writer.header.plainRange(ofChunk: index)
            let plain = UnsafeMutableRawBufferPointer(rebasing: chunk[..<range.count])
            try source.read(into: plain, at: range.lowerBound)
            try writer.append(UnsafeRawBufferPointer(plain))
            try progress(range.count)
        }
        // A file that grew meanwhile would be cut.
        try source.checkUnchanged()
        return try writer.finish()
    }

    /// Decrypts an encrypted file to disk. All of it is checked; nothing appears under the name where any of it is damaged.
    /// - Parameter progress: gets the number of plain bytes since the last call.
    /// - Throws: `FileError`; what `progress` throws.
    public static func decrypt(
        _ source: MappedFile, to target: String, keys: Keyring, progress: (Int) throws -> Void = { _ in }
    ) throws -> Result {
        let output = try AtomicFile(path: target, mode: 0o600)
        var byteCount = 0
        try keys.forEachChunk(of: source) { plain in
            try output.write(plain)
            byteCount += plain.count
            try progress(plain.count)
        }
        try output.commit()
        return Result(plainByteCount: byteCount, storedByteCount: source.byteCount)
    }

    /// Encrypts an encrypted file anew, with another key; plain bytes are never written to disk. Its name stays.
    /// - Throws: as `encrypt` and `decrypt`.
    public static func rekey(
        _ source: MappedFile, to target: String, keys: Keyring, key: EncryptionKey, algorithm: ChunkAlgorithm? = nil,
        progress: (Int) throws -> Void = { _ in }
    ) throws -> Result {
        let encrypted = try keys.encryptedFile(source)
        let header = try EncryptedHeader(
            key, plainByteCount: encrypted.header.plainByteCount, name: encrypted.header.name,
            algorithm: algorithm ?? encrypted.header.algorithm, chunkExponent: encrypted.header.chunkExponent)
        let writer = try Writer(header, key, to: target)
        try encrypted.forEachChunk { plain in
            try writer.append(plain)
            try progress(plain.count)
        }
        return try writer.finish()
    }

    /// Writes an encrypted file chunk by chunk.
    private final class Writer {
        let header: EncryptedHeader
        private let file: AtomicFile
        private let cipher: ChunkCipher
        private let sealed: UnsafeMutableRawBufferPointer
        private var index = 0

        init(_ header: EncryptedHeader, _ key: EncryptionKey, to path: String) throws {
            self.header = header
            file = try AtomicFile(path: path)
            cipher = ChunkCipher(header.algorithm, header.fileKey(key, .chunks), isEncrypting: true)
            sealed = .allocate(byteCount: header.chunkByteCount + ChunkCipher.tagByteCount, alignment: 64)
            try file.write(header.bytes(key))
        }

        deinit { sealed.deallocate() }

        func append(_ plain: UnsafeRawBufferPointer) throws(FileError) {
            let target = UnsafeMutableRawBufferPointer(rebasing: sealed[..<(plain.count + ChunkCipher.tagByteCount)])
            cipher.seal(plain, into: target, index: index, isLast: index == header.chunkCount - 1)
            try file.write(UnsafeRawBufferPointer(target))
            index += 1
        }

        func finish() throws(FileError) -> Result {
            precondition(index == header.chunkCount, "chunks are missing")
            try file.commit()
            return Result(plainByteCount: header.plainByteCount, storedByteCount: header.fileByteCount ?? 0)
        }
    }
}
