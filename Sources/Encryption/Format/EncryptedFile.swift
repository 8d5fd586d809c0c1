import Dispatch
import Foundation
import TensorStore
import Synchronization

/// An encrypted file whose header is that of the key.
struct EncryptedFile: Sendable {
    let file: MappedFile
    let header: EncryptedHeader
    private let key: SecretBytes

    /// The bytes that a thread reads at a time.
    private static let batchByteCount = 1 << 20

    /// Checks the header and the size, but no chunk.
    /// - Parameters:
    ///   - file: the file as it is on disk.
    ///   - keys: those that it may be encrypted with.
    /// - Throws: `EncryptionFault`.
    init(_ file: MappedFile, keys: [EncryptionKey]) throws(EncryptionFault) {
        let start = file.withUnsafeBytes { Array($0.prefix(EncryptedHeader.prefixByteCount)) }
        header = try EncryptedHeader(parsing: start)
        let id = header.keyID
        guard !keys.isEmpty else { throw .noKey }
        guard let key = keys.first(where: { $0.id == id }) else {
            throw .otherKey(file: "\(id)", given: keys.map { "\($0.id)" })
        }
        guard header.isAuthentic(start, key) else { throw .header("it is not as it was written") }
        guard let expected = header.fileByteCount, expected == file.byteCount else {
            throw .size(expected: header.fileByteCount ?? .max, found: file.byteCount)
        }
        self.file = file
        self.key = header.fileKey(key, .chunks)
    }

    /// The content, of which each chunk is checked before it is written.
    var content: SecretContent {
        SecretContent(byteCount: header.plainByteCount) { (target) throws(FileError) in try decrypt(into: target) }
    }

    /// Decrypts the whole file, on all cores.
    /// - Parameter target: `header.plainByteCount` bytes.
    /// - Throws: `FileError.encrypted` with the first damaged chunk; the target then holds some chunks and not others.
    func decrypt(into target: UnsafeMutableRawBufferPointer, threads: Int? = nil) throws(FileError) {
        let batch = max(1, Self.batchByteCount / header.chunkByteCount)
        let batchCount = (header.chunkCount + batch - 1) / batch
        let threads = min(threads ?? ProcessInfo.processInfo.activeProcessorCount, batchCount)
        let next = Atomic<Int>(0)
        let failure = Mutex<(chunk: Int, error: FileError)?>(nil)
        // Each thread writes chunks of its own.
        nonisolated(unsafe) let target = target
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            let reader = ChunkReader(self, chunks: batch)
            while failure.withLock({ $0 }) == nil {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < batchCount else { return }
                let chunks = index * batch..<min((index + 1) * batch, header.chunkCount)
                do {
                    try reader.read(chunks) { chunk, plain in
                        let range = header.plainRange(ofChunk: chunk)
                        UnsafeMutableRawBufferPointer(rebasing: target[range]).copyMemory(from: plain)
                    }
                } catch let error as FileError {
                    failure.withLock { if $0.map({ chunks.lowerBound < $0.chunk }) ?? true { $0 = (chunks.lowerBound, error) } }
                } catch {
                    preconditionFailure("reading chunks threw \(error)")
                }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure.error }
    }

    /// Decrypts the file chunk by chunk.
    /// - Parameter body: gets the plain bytes of each chunk, in order.
    /// - Throws: `FileError.encrypted` at the first damaged chunk; what `body` throws.
    func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let reader = ChunkReader(self, chunks: 1)
        for chunk in 0..<header.chunkCount {
            try reader.read(chunk..<chunk + 1) { _, plain in try body(plain) }
        }
    }

    /// Reads and decrypts chunks, with memory for a few.
    private final class ChunkReader {
        private let encrypted: EncryptedFile
        private let cipher: ChunkCipher
        private let sealed: UnsafeMutableRawBufferPointer
        private let plain: UnsafeMutableRawBufferPointer

        init(_ encrypted: EncryptedFile, chunks: Int) {
            self.encrypted = encrypted
            let header = encrypted.header
            cipher = ChunkCipher(header.algorithm, encrypted.key, isEncrypting: false)
            sealed = .allocate(byteCount: chunks * (header.chunkByteCount + ChunkCipher.tagByteCount), alignment: 64)
            plain = .allocate(byteCount: header.chunkByteCount, alignment: 64)
        }

        deinit {
            plain.overwrite()
            plain.deallocate()
            sealed.deallocate()
        }

        /// - Throws: `FileError`, and what `body` throws.
        func read(_ chunks: Range<Int>, _ body: (Int, UnsafeRawBufferPointer) throws -> Void) throws {
            let header = encrypted.header
            let start = header.offset(ofChunk: chunks.lowerBound)
            let last = header.plainRange(ofChunk: chunks.upperBound - 1).count + ChunkCipher.tagByteCount
            let count = header.offset(ofChunk: chunks.upperBound - 1) + last - start
            try encrypted.file.read(into: UnsafeMutableRawBufferPointer(rebasing: sealed[..<count]), at: start)
            for chunk in chunks {
                let offset = header.offset(ofChunk: chunk)
                let size = header.plainRange(ofChunk: chunk).count
                let target = UnsafeMutableRawBufferPointer(rebasing: plain[..<size])
                let source = sealed[offset - start..<offset - start + size + ChunkCipher.tagByteCount]
                let isLast = chunk == header.chunkCount - 1
                guard cipher.open(UnsafeRawBufferPointer(rebasing: source), into: target, index: chunk, isLast: isLast) else {
                    throw FileError.encrypted(path: encrypted.file.path, .damaged(offset: offset))
                }
                try body(chunk, UnsafeRawBufferPointer(target))
            }
        }
    }
}

extension EncryptedHeader {
    /// A header for a new file, with fresh random bytes.
    /// - Throws: `KeyError.noRandomNumbers`.
    init(
        _ key: EncryptionKey, plainByteCount: Int, name: String, algorithm: ChunkAlgorithm = .aes256GCM,
        chunkExponent: UInt8 = 16
    ) throws(KeyError) {
        let salt = try SecretBytes(randomCount: Self.saltByteCount).array
        self.init(
            algorithm: algorithm, chunkExponent: chunkExponent, plainByteCount: plainByteCount, keyID: key.id, salt: salt,
            name: name)
    }
}
