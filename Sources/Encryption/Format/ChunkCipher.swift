import CCrypto

/// Encrypts or decrypts the chunks of one file, by STREAM as age has it (https://age-encryption.org/v1): a chunk's nonce is its
/// number and whether it is the last, so that no chunk passes for another one, and the end can't be cut off.
///
/// Not `Sendable`: each thread has its own.
final class ChunkCipher {
    static let tagByteCount = 16
    private static let nonceByteCount = 12

    private let context: OpaquePointer
    private let isEncrypting: Bool

    /// - Parameter key: 32 bytes, of this file alone.
    init(_ algorithm: ChunkAlgorithm, _ key: SecretBytes, isEncrypting: Bool) {
        // There is nothing that a caller could do about a libcrypto without memory or without these ciphers.
        guard let context = EVP_CIPHER_CTX_new() else { preconditionFailure("libcrypto has no memory for a cipher") }
        let cipher = algorithm == .aes256GCM ? EVP_aes_256_gcm() : EVP_chacha20_poly1305()
        let status = key.withBytes { key in
            EVP_CipherInit_ex(
                context, cipher, nil, key.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, isEncrypting ? 1 : 0)
        }
        precondition(status == 1 && key.count == 32, "libcrypto has no \(algorithm.name)")
        self.context = context
        self.isEncrypting = isEncrypting
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// Encrypts a chunk.
    /// - Parameter target: as large as `plain` and the tag.
    func seal(_ plain: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, index: Int, isLast: Bool) {
        precondition(isEncrypting && target.count == plain.count + Self.tagByteCount)
        begin(index, isLast)
        let status = update(plain, into: target)
        var count: Int32 = 0
        let end = target.baseAddress.map { $0 + plain.count }
        let isDone =
            status && EVP_CipherFinal_ex(context, end?.assumingMemoryBound(to: UInt8.self), &count) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagByteCount), end) == 1
        precondition(isDone, "libcrypto can't encrypt")
    }

    /// Decrypts a chunk.
    /// - Parameters:
    ///   - sealed: the encrypted bytes and the tag.
    ///   - target: as large as `sealed` without the tag. Its content is not to be used where this returns false.
    /// - Returns: whether the chunk is the one that was encrypted with this key at this place.
    func open(_ sealed: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, index: Int, isLast: Bool) -> Bool {
        precondition(!isEncrypting && sealed.count == target.count + Self.tagByteCount)
        begin(index, isLast)
        let tag = UnsafeMutableRawPointer(mutating: sealed.baseAddress.map { $0 + target.count })
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagByteCount), tag) == 1,
            update(UnsafeRawBufferPointer(rebasing: sealed[..<target.count]), into: target)
        else { return false }
        var count: Int32 = 0
        // Nothing is written: the last block of these ciphers is never held back.
        var rest = [UInt8](repeating: 0, count: Self.tagByteCount)
        return EVP_CipherFinal_ex(context, &rest, &count) == 1
    }

    private func begin(_ index: Int, _ isLast: Bool) {
        var nonce = [UInt8](repeating: 0, count: Self.nonceByteCount)
        for byte in 0..<8 { nonce[10 - byte] = UInt8(truncatingIfNeeded: index >> (8 * byte)) }
        nonce[11] = isLast ? 1 : 0
        let status = EVP_CipherInit_ex(context, nil, nil, nil, nonce, -1)
        precondition(status == 1, "libcrypto refuses a nonce")
    }

    private func update(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
        guard !source.isEmpty else { return true }
        var count: Int32 = 0
        let (from, to) = (source.baseAddress, target.baseAddress)
        return EVP_CipherUpdate(
            context, to?.assumingMemoryBound(to: UInt8.self), &count, from?.assumingMemoryBound(to: UInt8.self),
            Int32(source.count)) == 1
    }
}
