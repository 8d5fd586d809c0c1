import CCrypto
import TensorStore

/// The ciphers of `openssl enc` that are read: AES in CBC, which says nothing about damage or changes.
public enum OpenSSLCipher: String, Sendable, CaseIterable {
    case aes128 = "aes-128-cbc"
    case aes192 = "aes-192-cbc"
    case aes256 = "aes-256-cbc"

    /// - Throws: `KeyError.unknown`.
    public init(name: String) throws(KeyError) {
        guard let cipher = Self(rawValue: name) else {
            throw .unknown(name, kind: "cipher of openssl enc", known: Self.allCases.map(\.rawValue))
        }
        self = cipher
    }

    /// The cipher with keys of so many bytes.
    init?(keyByteCount: Int) {
        guard let cipher = Self.allCases.first(where: { $0.keyByteCount == keyByteCount }) else { return nil }
        self = cipher
    }

    var keyByteCount: Int {
        switch self {
        case .aes128: 16
        case .aes192: 24
        case .aes256: 32
        }
    }

    static let blockByteCount = 16

    fileprivate var function: OpaquePointer? {
        switch self {
        case .aes128: EVP_aes_128_cbc()
        case .aes192: EVP_aes_192_cbc()
        case .aes256: EVP_aes_256_cbc()
        }
    }

    /// Decrypts whole blocks without padding.
    /// - Parameter vector: the block before, or the initialization vector.
    func decrypt(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, key: SecretBytes, vector: [UInt8]
    ) {
        precondition(source.count % Self.blockByteCount == 0 && target.count == source.count)
        guard let context = EVP_CIPHER_CTX_new() else { preconditionFailure("libcrypto has no memory for a cipher") }
        defer { EVP_CIPHER_CTX_free(context) }
        var count: Int32 = 0
        let hasKey = key.withBytes { key in
            EVP_CipherInit_ex(context, function, nil, key.baseAddress?.assumingMemoryBound(to: UInt8.self), vector, 0) == 1
        }
        let isDone =
            hasKey
            && EVP_CIPHER_CTX_set_padding(context, 0) == 1
            && EVP_CipherUpdate(
                context, target.baseAddress?.assumingMemoryBound(to: UInt8.self), &count,
                source.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(source.count)) == 1
        precondition(isDone, "libcrypto has no \(rawValue)")
    }
}

/// How `openssl enc` makes a key and a vector of a password.
public struct OpenSSLDerivation: Sendable, Equatable {
    /// The rounds of PBKDF2 (`-pbkdf2`, `-iter`); nil for EVP_BytesToKey, which has one.
    public var rounds: Int?
    /// `-md`.
    public var digest: Digest = .sha256

    public enum Digest: String, Sendable, CaseIterable {
        case md5, sha1, sha224, sha256, sha384, sha512

        /// - Throws: `KeyError.unknown`.
        public init(name: String) throws(KeyError) {
            guard let digest = Self(rawValue: name.lowercased()) else {
                throw .unknown(name, kind: "digest", known: Self.allCases.map(\.rawValue))
            }
            self = digest
        }
    }

    /// The rounds of `-pbkdf2` without `-iter`.
    public static let standardRounds = 10_000

    public init(rounds: Int? = nil, digest: Digest = .sha256) {
        self.rounds = rounds
        self.digest = digest
    }

    /// The key and the vector of a file.
    func derive(_ password: SecretBytes, salt: [UInt8], _ cipher: OpenSSLCipher) -> (key: SecretBytes, vector: [UInt8]) {
        let function = EVP_get_digestbyname(digest.rawValue)
        var vector = [UInt8](repeating: 0, count: OpenSSLCipher.blockByteCount)
        let (keyCount, vectorCount) = (cipher.keyByteCount, vector.count)
        let key = SecretBytes(count: keyCount) { (target) throws(Never) in
            let bytes = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
            guard let rounds else {
                let count = password.withBytes { text in
                    EVP_BytesToKey(
                        cipher.function, function, salt, text.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(text.count),
                        1, bytes, &vector)
                }
                precondition(count == Int32(keyCount), "libcrypto can't derive a key")
                return
            }
            let both = SecretBytes(count: keyCount + vectorCount) { (both) throws(Never) in
                let status = password.withBytes { text in
                    PKCS5_PBKDF2_HMAC(
                        text.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(text.count), salt, Int32(salt.count),
                        Int32(clamping: rounds), function, Int32(both.count),
                        both.baseAddress?.assumingMemoryBound(to: UInt8.self))
                }
                precondition(status == 1, "libcrypto can't derive a key")
            }
            both.withBytes { both in
                target.copyBytes(from: both[..<keyCount])
                vector = Array(both[keyCount...])
            }
        }
        return (key, vector)
    }
}
