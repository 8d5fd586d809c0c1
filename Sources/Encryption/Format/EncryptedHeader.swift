import CCrypto
public import TensorStore

/// The cipher of a file's chunks. Both are authenticated.
public enum ChunkAlgorithm: UInt8, Sendable, CaseIterable {
    case aes256GCM = 1
    case chaCha20Poly1305 = 2

    public var name: String {
        switch self {
        case .aes256GCM: "aes-256-gcm"
        case .chaCha20Poly1305: "chacha20-poly1305"
        }
    }

    /// - Throws: `KeyError.unknown`.
    public init(name: String) throws(KeyError) {
        guard let algorithm = Self.allCases.first(where: { $0.name == name }) else {
            throw .unknown(name, kind: "cipher", known: Self.allCases.map(\.name))
        }
        self = algorithm
    }
}

/// The beginning of an encrypted file; docs/security.md has its layout.
public struct EncryptedHeader: Sendable, Equatable {
    public static let version = 1
    /// Powers of two that chunks may have as their size.
    static let chunkExponents: ClosedRange<UInt8> = 12...24
    static let saltByteCount = 32
    static let digestByteCount = 32
    static let nameByteLimit = 4096

    public var algorithm: ChunkAlgorithm
    /// The size of a chunk's plain bytes is 2 to this power.
    public var chunkExponent: UInt8
    /// The size of the plain file.
    public var plainByteCount: Int
    public var keyID: KeyID
    /// Random bytes, from which with the key the keys of this file are derived.
    public var salt: [UInt8]
    /// The path in the folder that was encrypted; empty for a single file.
    public var name: String

    var chunkByteCount: Int { 1 << Int(chunkExponent) }
    /// An empty file has one empty chunk.
    var chunkCount: Int { max(1, (plainByteCount + chunkByteCount - 1) / chunkByteCount) }
    var byteCount: Int { Self.fixedByteCount + name.utf8.count + Self.digestByteCount }
    /// The size of the whole file; nil where it is beyond all numbers.
    var fileByteCount: Int? {
        let (tags, tagsOverflow) = chunkCount.multipliedReportingOverflow(by: ChunkCipher.tagByteCount)
        let (chunks, overflow) = plainByteCount.addingReportingOverflow(tags)
        let (sum, sumOverflow) = chunks.addingReportingOverflow(byteCount)
        return tagsOverflow || overflow || sumOverflow ? nil : sum
    }

    /// The plain bytes of a chunk.
    func plainRange(ofChunk index: Int) -> Range<Int> {
        let start = index * chunkByteCount
        return start..<min(start + chunkByteCount, plainByteCount)
    }

    /// The offset of a chunk in the file.
    func offset(ofChunk index: Int) -> Int { byteCount + index * (chunkByteCount + ChunkCipher.tagByteCount) }

    // MARK: Bytes

    // Mark, version, algorithm, exponent, zero, size, key, salt, length of the name.
    private static let fixedByteCount = 16 + 4 + 8 + KeyID.byteCount + saltByteCount + 2

    /// The header without its digest.
    private var content: [UInt8] {
        var bytes = MappedFile.encryptionMark + [UInt8(Self.version), algorithm.rawValue, chunkExponent, 0]
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: plainByteCount >> (56 - 8 * $0)) }
        bytes += keyID.bytes + salt
        bytes += [UInt8(truncatingIfNeeded: name.utf8.count >> 8), UInt8(truncatingIfNeeded: name.utf8.count)]
        return bytes + Array(name.utf8)
    }

    /// The header with its digest under a key of the file.
    func bytes(_ key: EncryptionKey) -> [UInt8] { content + Self.digest(of: content, fileKey(key, .header)) }

    /// Reads a header without checking its digest, which needs the key.
    /// - Parameter bytes: the beginning of the file, at most `prefixByteCount` bytes of it.
    /// - Throws: `EncryptionFault.version`, `.header`.
    public init(parsing bytes: some Collection<UInt8>) throws(EncryptionFault) {
        let bytes = Array(bytes)
        guard bytes.starts(with: MappedFile.encryptionMark), bytes.count > 16 else { throw .header("it is cut") }
        guard bytes[16] == UInt8(Self.version) else { throw .version(Int(bytes[16])) }
        guard bytes.count >= Self.fixedByteCount else { throw .header("it is cut") }
        guard let algorithm = ChunkAlgorithm(rawValue: bytes[17]), Self.chunkExponents.contains(bytes[18]), bytes[19] == 0 else {
            throw .header("there is no cipher \(bytes[17]) with chunks of 2 to the \(bytes[18])")
        }
        let size = bytes[20..<28].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let plainByteCount = Int(exactly: size) else { throw .header("its size is \(size) bytes") }
        let nameByteCount = Int(bytes[Self.fixedByteCount - 2]) << 8 | Int(bytes[Self.fixedByteCount - 1])
        guard nameByteCount <= Self.nameByteLimit else { throw .header("its name has \(nameByteCount) bytes") }
        let end = Self.fixedByteCount + nameByteCount
        guard bytes.count >= end + Self.digestByteCount else { throw .header("it is cut") }
        guard let name = String(validating: bytes[Self.fixedByteCount..<end], as: UTF8.self) else {
            throw .header("its name is no text")
        }
        self.init(
            algorithm: algorithm, chunkExponent: bytes[18], plainByteCount: plainByteCount,
            keyID: KeyID(bytes[28..<28 + KeyID.byteCount]),
            salt: Array(bytes[28 + KeyID.byteCount..<Self.fixedByteCount - 2]), name: name)
        guard fileByteCount != nil else { throw .header("its size is \(size) bytes") }
    }

    init(algorithm: ChunkAlgorithm, chunkExponent: UInt8, plainByteCount: Int, keyID: KeyID, salt: [UInt8], name: String) {
        (self.algorithm, self.chunkExponent, self.plainByteCount) = (algorithm, chunkExponent, plainByteCount)
        (self.keyID, self.salt, self.name) = (keyID, salt, name)
    }

    /// The most bytes that a header has.
    public static let prefixByteCount = fixedByteCount + nameByteLimit + digestByteCount

    /// Whether the bytes after the header's content are its digest.
    func isAuthentic(_ bytes: [UInt8], _ key: EncryptionKey) -> Bool {
        let expected = Self.digest(of: content, fileKey(key, .header))
        let found = Array(bytes.dropFirst(content.count).prefix(Self.digestByteCount))
        return found.count == expected.count && CRYPTO_memcmp(found, expected, expected.count) == 0
    }

    // MARK: Keys

    enum Purpose: String {
        case header = "glint encrypted file 1: header"
        case chunks = "glint encrypted file 1: chunks"
    }

    /// A key of this file alone.
    func fileKey(_ key: EncryptionKey, _ purpose: Purpose) -> SecretBytes {
        key.derived(salt: salt, purpose.rawValue, count: 32)
    }

    /// HMAC with SHA-256.
    private static func digest(of content: [UInt8], _ key: SecretBytes) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: digestByteCount)
        var count = UInt32(digestByteCount)
        let done = key.withBytes { key in
            HMAC(EVP_sha256(), key.baseAddress, Int32(key.count), content, content.count, &digest, &count) != nil
        }
        precondition(done, "libcrypto can't compute an HMAC")
        return digest
    }
}
