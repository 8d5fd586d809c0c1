import Crypto

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
struct DigestBuilder {
    private enum Function {
        case sha256(SHA256)
        case sha1(Insecure.SHA1)
    }

    private var function: Function

    /// - Parameter size: bytes of the whole content.
    init(like digest: ContentDigest, size: Int) {
        switch digest {
        case .sha256: function = .sha256(SHA256())
        case .gitBlob:
            var sha1 = Insecure.SHA1()
            sha1.update(data: Array("blob \(size)\0".utf8))
            function = .sha1(sha1)
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch function {
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            function = .sha256(hash)
        case .sha1(var hash):
            hash.update(bufferPointer: bytes)
            function = .sha1(hash)
        }
    }

    func finish() -> ContentDigest {
        switch function {
        case .sha256(let hash): .sha256(Self.hex(hash.finalize()))
        case .sha1(let hash): .gitBlob(Self.hex(hash.finalize()))
        }
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
