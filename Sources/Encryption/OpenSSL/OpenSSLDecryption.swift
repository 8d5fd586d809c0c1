public import TensorStore

/// Reads files of `openssl enc`, such as those of OpenVINO's articles on encrypted models.
///
/// Raw files have no mark: with a key, every file that is read and whose beginning is of no known kind counts as encrypted. Such
/// files are unauthenticated: a wrong key or damage shows only where the end or the beginning of the content makes no sense.
public struct OpenSSLDecryption: Sendable {
    private enum Source: Sendable {
        case key(SecretBytes, vector: [UInt8])
        case password(SecretBytes, OpenSSLDerivation)
    }

    private let source: Source
    private let cipher: OpenSSLCipher

    /// For files of `openssl enc -K KEY -iv VECTOR`.
    /// - Parameters:
    ///   - key: hexadecimal digits. As `openssl` does, a short key is filled up by zeros.
    ///   - vector: likewise, 16 bytes.
    ///   - cipher: nil for the one whose keys have this length.
    ///   - sources: the names of both in errors.
    /// - Throws: `KeyError.openSSLText`.
    public init(
        key: some Collection<UInt8>, vector: some Collection<UInt8>, cipher: OpenSSLCipher? = nil,
        sources: (key: String, vector: String)
    ) throws(KeyError) {
        let found = try Self.bytes(key, at: sources.key, most: cipher?.keyByteCount ?? 32)
        guard let cipher = cipher ?? OpenSSLCipher(keyByteCount: found.count) else {
            throw .openSSLText(
                "\(2 * found.count) digits", source: sources.key,
                expected: "32, 48 or 64 hexadecimal digits where --openssl-cipher is not given")
        }
        let iv = try Self.bytes(vector, at: sources.vector, most: OpenSSLCipher.blockByteCount)
        self.cipher = cipher
        source = .key(found.filled(to: cipher.keyByteCount), vector: iv.filled(to: OpenSSLCipher.blockByteCount).array)
    }

    /// For files of `openssl enc` with a password, which begin with `Salted__`.
    /// - Parameter name: where the password comes from, for the error.
    /// - Throws: `KeyError.noPassword`.
    public init(
        password: some Collection<UInt8>, _ derivation: OpenSSLDerivation = .init(), cipher: OpenSSLCipher = .aes256,
        name: String
    ) throws(KeyError) {
        guard !password.isEmpty else { throw .noPassword(source: name) }
        self.cipher = cipher
        source = .password(SecretBytes(password), derivation)
    }

    private static func bytes(_ text: some Collection<UInt8>, at name: String, most: Int) throws(KeyError) -> SecretBytes {
        guard let bytes = SecretBytes(hexadecimal: text) else {
            throw .openSSLText("other text", source: name, expected: "hexadecimal digits, two for a byte")
        }
        guard bytes.count <= most else {
            throw .openSSLText("\(2 * bytes.count)", source: name, expected: "at most \(2 * most) hexadecimal digits")
        }
        return bytes
    }

    private static let mark = Array("Salted__".utf8)
    private static let saltByteCount = 8

    // MARK: Content

    /// - Returns: nil for a file that is not encrypted, or is encrypted in another way than this value is for.
    /// - Throws: `FileError.encrypted` where its end makes no sense.
    func content(of file: MappedFile) throws(FileError) -> SecretContent? {
        let start = file.withUnsafeBytes { Array($0.prefix(Self.mark.count + Self.saltByteCount)) }
        let isSalted = start.starts(with: Self.mark)
        switch source {
        case .password(let password, let derivation):
            guard isSalted else { return nil }
            let (key, vector) = derivation.derive(password, salt: Array(start.dropFirst(Self.mark.count)), cipher)
            return try content(of: file, from: start.count, key, vector)
        case .key(let key, let vector):
            guard isSalted || Self.looksEncrypted(file) else { return nil }
            guard !isSalted else {
                throw .encrypted(
                    path: file.path, .openSSL("was encrypted by openssl with a password: give --openssl-password"))
            }
            return try content(of: file, from: 0, key, vector)
        }
    }

    private static func looksEncrypted(_ file: MappedFile) -> Bool {
        if case .unknown = FileKind(file) { return true }
        return false
    }

    private func content(
        of file: MappedFile, from start: Int, _ key: SecretBytes, _ vector: [UInt8]
    ) throws(FileError) -> SecretContent {
        let block = OpenSSLCipher.blockByteCount
        let count = file.byteCount - start
        guard count > 0, count % block == 0 else {
            let reason =
                "is not whole: AES in CBC has a multiple of 16 bytes, and this file \(count); it was cut, or is not encrypted by openssl"
            throw .encrypted(path: file.path, .openSSL(reason))
        }
        var blocks = [UInt8](repeating: 0, count: 2 * block)
        let hasBefore = count > block
        try Self.read(file, into: &blocks, block: block, at: start + count - 2 * block, hasBefore: hasBefore, vector)
        var last = [UInt8](repeating: 0, count: block)
        defer { last.withUnsafeMutableBytes { $0.overwrite() } }
        blocks.withUnsafeBytes { blocks in
            last.withUnsafeMutableBytes { last in
                let source = UnsafeRawBufferPointer(rebasing: blocks[block...])
                cipher.decrypt(source, into: last, key: key, vector: Array(blocks[..<block]))
            }
        }
        let padding = Int(last[block - 1])
        guard (1...block).contains(padding), last.suffix(padding).allSatisfy({ $0 == UInt8(padding) }) else {
            let reason =
                "can't be decrypted: the key, the vector or the password of openssl is wrong, its options are others, or the file is damaged or not encrypted"
            throw .encrypted(path: file.path, .openSSL(reason))
        }
        let (own, path) = (cipher, file.path)
        let plainCount = count - padding
        return SecretContent(byteCount: plainCount) { (target) throws(FileError) in
            try Self.decrypt(file, from: start, count: count, into: target, own, key, vector)
            guard Self.isPlausible(UnsafeRawBufferPointer(target), path) else {
                let reason =
                    "was decrypted to what is no such file: the key, the vector or the password of openssl is wrong, or the file is damaged"
                throw .encrypted(path: path, .openSSL(reason))
            }
        }
    }

    /// The last block, after the one before it or the vector.
    private static func read(
        _ file: MappedFile, into blocks: inout [UInt8], block: Int, at offset: Int, hasBefore: Bool, _ vector: [UInt8]
    ) throws(FileError) {
        let result = blocks.withUnsafeMutableBytes { bytes in
            Result { () throws(FileError) in
                if hasBefore { return try file.read(into: bytes, at: offset) }
                bytes.copyBytes(from: vector)
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[block...]), at: offset + block)
            }
        }
        try result.get()
    }

    /// Whether content that a file's name promises is there; true for other names. Nothing else shows damage.
    private static func isPlausible(_ bytes: UnsafeRawBufferPointer, _ path: String) -> Bool {
        let name = path.lowercased()
        let kind = FileKind(firstBytes: bytes.prefix(FileKind.examinedByteCount))
        if name.hasSuffix(".json") { return kind == .json }
        if name.hasSuffix(".xml") { return kind == .xml }
        if name.hasSuffix(".safetensors") { return kind == .safetensors }
        return true
    }

    /// Decrypts in pieces: each needs but the block before it.
    private static func decrypt(
        _ file: MappedFile, from start: Int, count: Int, into target: UnsafeMutableRawBufferPointer, _ cipher: OpenSSLCipher,
        _ key: SecretBytes, _ vector: [UInt8]
    ) throws(FileError) {
        let block = OpenSSLCipher.blockByteCount
        let piece = 1 << 20
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 64)
        let plain = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 64)
        defer {
            plain.overwrite()
            plain.deallocate()
            source.deallocate()
        }
        var vector = vector
        for offset in stride(from: 0, to: count, by: piece) {
            let size = min(piece, count - offset)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: source[..<size])
            let part = UnsafeMutableRawBufferPointer(rebasing: plain[..<size])
            try file.read(into: bytes, at: start + offset)
            cipher.decrypt(UnsafeRawBufferPointer(bytes), into: part, key: key, vector: vector)
            vector = Array(bytes[(size - block)...])
            let kept = min(size, target.count - offset)
            UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + kept])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: part[..<kept]))
        }
    }
}

extension SecretBytes {
    /// These bytes, and zeros after them.
    fileprivate func filled(to count: Int) -> SecretBytes {
        SecretBytes(count: count) { (target) throws(Never) in withBytes { target.copyBytes(from: $0.prefix(count)) } }
    }
}
