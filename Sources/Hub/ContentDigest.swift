import TensorStore

/// Digest of a file's content, which is the hub's ETag and the blob's name in the cache.
public enum ContentDigest: Hashable, Sendable, CustomStringConvertible {
    /// SHA-256 of the content, 64 digits; used for large files (git LFS).
    case sha256(String)
    /// Git's object name, SHA-1 of `blob <size>\0` and the content, 40 digits; used for small files.
    case gitBlob(String)

    public var hex: String {
        switch self {
        case .sha256(let hex), .gitBlob(let hex): hex
        }
    }

    public var description: String {
        switch self {
        case .sha256(let hex): "SHA-256 \(hex)"
        case .gitBlob(let hex): "git blob \(hex)"
        }
    }
}

/// Computes a digest incrementally.
struct DigestBuilder: ~Copyable {
    private var hash: SHA
    private let isGitBlob: Bool

    /// - Parameter size: bytes of the whole content.
    init(like digest: ContentDigest, size: Int) {
        switch digest {
        case .sha256:
            hash = SHA(.sha256)
            isGitBlob = false
        case .gitBlob:
            hash = SHA(.sha1)
            isGitBlob = true
            Array("blob \(size)\0".utf8).withUnsafeBytes { hash.update($0) }
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

    consuming func finish() -> ContentDigest {
        isGitBlob ? .gitBlob(hash.hexDigits()) : .sha256(hash.hexDigits())
    }
}
