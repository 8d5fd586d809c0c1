import CCrypto

/// Computes a SHA-1 or SHA-256 digest incrementally.
public struct SHA: ~Copyable {
    public enum Function: Sendable { case sha1, sha256 }

    private let context: OpaquePointer

    public init(_ function: Function) {
        // Memory or libcrypto's default algorithms are missing; there is nothing that a caller could do about either.
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("libcrypto has no memory for a digest") }
        let algorithm =
            switch function {
            case .sha1: EVP_sha1()
            case .sha256: EVP_sha256()
            }
        guard EVP_DigestInit_ex(context, algorithm, nil) == 1 else { preconditionFailure("libcrypto has no \(function)") }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(status == 1, "libcrypto can't continue a digest")
    }

    /// The digest as lower-case hexadecimal digits: 40 of SHA-1, 64 of SHA-256.
    public consuming func hexDigits() -> String {
        var (bytes, count) = ([UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE)), UInt32(0))
        let status = EVP_DigestFinal_ex(context, &bytes, &count)
        precondition(status == 1, "libcrypto can't end a digest")
        let digits = Array("0123456789abcdef".utf8)
        let hex = bytes.prefix(Int(count)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: hex, as: UTF8.self)
    }
}
