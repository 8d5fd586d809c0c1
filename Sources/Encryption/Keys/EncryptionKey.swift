import CCrypto
public import TensorStore

/// A key of 32 random bytes, from which the keys of files are derived. Its memory is overwritten with the last copy.
public struct EncryptionKey: Sendable, Equatable {
    public static let byteCount = 32

    let secret: SecretBytes

    /// - Throws: `KeyError.text` where `text` is not 64 hexadecimal digits, white space around them aside.
    /// - Parameter source: where the text comes from, for the error.
    public init(hexadecimal text: some Collection<UInt8>, source: String) throws(KeyError) {
        guard let bytes = SecretBytes(hexadecimal: text), bytes.count == Self.byteCount else { throw .text(source: source) }
        secret = bytes
    }

    private init(_ secret: SecretBytes) { self.secret = secret }

    /// A new key, of the system's random numbers.
    /// - Throws: `KeyError.noRandomNumbers`.
    public static func random() throws(KeyError) -> EncryptionKey {
        EncryptionKey(try SecretBytes(randomCount: byteCount))
    }

    /// Names the key in files and messages, and says nothing about it: 16 hexadecimal digits.
    public var id: KeyID { KeyID(derived(salt: [], "glint encryption key id", count: KeyID.byteCount).array) }

    /// The key as text: 64 hexadecimal digits.
    public var hexadecimal: String { secret.withBytes { $0.hexadecimal } }

    /// HKDF with SHA-256: https://www.rfc-editor.org/rfc/rfc5869.
    func derived(salt: [UInt8], _ purpose: String, count: Int) -> SecretBytes {
        HKDF.derive(secret, salt: salt, info: Array(purpose.utf8), count: count)
    }

    public static func == (left: EncryptionKey, right: EncryptionKey) -> Bool {
        left.secret.withBytes { left in right.secret.withBytes { left.elementsEqual($0) } }
    }
}

/// The name of a key.
public struct KeyID: Sendable, Hashable, CustomStringConvertible {
    static let byteCount = 8
    let bytes: [UInt8]

    init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    public var description: String { bytes.hexadecimal }
}

extension Sequence<UInt8> {
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// Faults of keys, passwords and their sources.
public enum KeyError: Error, Equatable, Sendable, CustomStringConvertible {
    case text(source: String)
    case openSSLText(String, source: String, expected: String)
    case file(FileError)
    case noRandomNumbers
    case noPassword(source: String)
    case unknown(String, kind: String, known: [String])

    public var description: String {
        switch self {
        case .text(let source):
            "\(source) must be a key of 64 hexadecimal digits; 'openssl rand -hex 32' makes one, and so does --make-key."
        case .openSSLText(let found, let source, let expected): "\(source) must have \(expected); it has \(found)."
        case .file(let error): "\(error)"
        case .noRandomNumbers: "The system gives no random numbers."
        case .noPassword(let source): "\(source) gives no password: it is empty."
        case .unknown(let name, let kind, let known):
            "There is no \(kind) '\(name)'; it must be one of \(known.joined(separator: ", "))."
        }
    }
}
