import CCrypto
import TensorStore

/// A few secret bytes, which are overwritten when nothing holds them any more.
///
/// @unchecked: the memory is written in `init` alone.
final class SecretBytes: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer

    var count: Int { memory.count }
    /// A copy of the bytes, for those that are no secret.
    var array: [UInt8] { withBytes { Array($0) } }

    /// Lends the bytes, and keeps this object meanwhile.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(memory))
    }

    /// - Parameter fill: writes the bytes, which are zero before.
    init<Failure: Error>(count: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        memory = .allocate(byteCount: count, alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        try fill(memory)
    }

    convenience init(_ bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { (target) throws(Never) in target.copyBytes(from: bytes) }
    }

    /// - Throws: `KeyError.noRandomNumbers`.
    convenience init(randomCount count: Int) throws(KeyError) {
        try self.init(count: count) { (target) throws(KeyError) in
            let status = RAND_bytes(target.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(count))
            guard status == 1 else { throw .noRandomNumbers }
        }
    }

    /// Bytes of two hexadecimal digits each; nil for other text. White space around them is ignored.
    convenience init?(hexadecimal text: some Collection<UInt8>) {
        let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let start = text.drop { space.contains($0) }
        let digits = start.prefix { !space.contains($0) }
        guard start.dropFirst(digits.count).allSatisfy({ space.contains($0) }), !digits.isEmpty, digits.count % 2 == 0,
            digits.allSatisfy({ $0.hexadecimalValue != nil })
        else { return nil }
        self.init(count: digits.count / 2) { (target) throws(Never) in
            for (index, digit) in digits.enumerated() {
                target[index / 2] = target[index / 2] << 4 | (digit.hexadecimalValue ?? 0)
            }
        }
    }

    deinit {
        memory.overwrite()
        memory.deallocate()
    }
}

extension UInt8 {
    var hexadecimalValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

enum HKDF {
    /// Extracts and expands with SHA-256.
    static func derive(_ key: SecretBytes, salt: [UInt8], info: [UInt8], count: Int) -> SecretBytes {
        let function = EVP_KDF_fetch(nil, "HKDF", nil)
        let context = EVP_KDF_CTX_new(function)
        defer {
            EVP_KDF_CTX_free(context)
            EVP_KDF_free(function)
        }
        var digest = Array("SHA256".utf8CString)
        var (salt, info) = (salt, info)
        return SecretBytes(count: count) { (target) throws(Never) in
            let status: Int32 = digest.withUnsafeMutableBufferPointer { digest in
                salt.withUnsafeMutableBytes { salt in
                    info.withUnsafeMutableBytes { info in
                        key.withBytes { key in
                            let parameters = [
                                OSSL_PARAM_construct_utf8_string("digest", digest.baseAddress, 0),
                                OSSL_PARAM_construct_octet_string(
                                    "key", UnsafeMutableRawPointer(mutating: key.baseAddress), key.count),
                                OSSL_PARAM_construct_octet_string("salt", salt.baseAddress, salt.count),
                                OSSL_PARAM_construct_octet_string("info", info.baseAddress, info.count),
                                OSSL_PARAM_construct_end(),
                            ]
                            return EVP_KDF_derive(
                                context, target.baseAddress?.assumingMemoryBound(to: UInt8.self), target.count, parameters)
                        }
                    }
                }
            }
            // Arguments are of our making: libcrypto has no memory, or no HKDF.
            precondition(status == 1, "libcrypto can't derive a key")
        }
    }
}
