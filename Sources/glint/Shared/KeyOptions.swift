public import ArgumentParser
import Encryption
import Foundation
import TensorStore

/// The keys of encrypted models. Keys never stand on the command line, which every user of the machine can read.
struct KeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with the key of encrypted files, or - for standard input. Repeatable. (default: GLINT_KEY in the environment)",
            valueName: "file"))
    var keyFile: [String] = []
    @Flag(help: "Refuse to read an encrypted model whose bytes can't all be locked in memory (ulimit -l).") var requireLocked =
        false
    @OptionGroup var openSSL: OpenSSLOptions

    func validate() throws {
        if keyFile.count(where: { $0 == "-" }) > 1 {
            throw ValidationError("Standard input holds one key; give --key-file - once.")
        }
        try openSSL.validate()
    }

    /// Lets this process read encrypted files, and forbids its core dumps where there is a key.
    /// - Parameter readsInput: whether the command itself reads standard input, which then can't hold a key.
    func install(readsInput: Bool = false) throws {
        if readsInput, keyFile.contains("-") {
            throw ValidationError("This command reads standard input itself: give the key in a file or in GLINT_KEY.")
        }
        let keyring = try keyring()
        SecretLocking.isRequired = requireLocked
        guard !keyring.isEmpty else { return }
        ProcessProtection.forbidDumps()
        MappedFile.decryption = keyring
    }

    /// The keys that are given.
    func keyring() throws -> Keyring {
        Keyring(keys: try Self.keys(keyFile), openSSL: try openSSL.decryption())
    }

    /// The keys in files, or else in the environment.
    static func keys(_ files: [String]) throws -> [EncryptionKey] {
        if files.isEmpty {
            guard let text = ProcessInfo.processInfo.environment["GLINT_KEY"], !text.isEmpty else { return [] }
            return [try EncryptionKey(hexadecimal: text.utf8, source: "GLINT_KEY")]
        }
        return try files.map { file in
            guard file == "-" else { return try EncryptionKey(file: file) }
            let text = try FileHandle.standardInput.read(upToCount: 1 << 12) ?? Data()
            return try EncryptionKey(hexadecimal: text, source: "standard input")
        }
    }

    /// The same options as arguments of another process, which can't read this one's standard input.
    func arguments() throws -> [String] {
        if keyFile.contains("-") {
            throw ValidationError("This command starts others, which need the key too: give it in a file or in GLINT_KEY.")
        }
        return keyFile.flatMap { ["--key-file", $0] } + (requireLocked ? ["--require-locked"] : []) + (try openSSL.arguments())
    }

    /// A sentence on decrypted bytes that could not be locked in memory; nil where there were none.
    static var unlockedNote: String? {
        let count = SecretLocking.mostUnlockedByteCount
        guard count > 0 else { return nil }
        return
            "\(format(bytes: count)) of decrypted bytes were not locked in memory, and may have been written to swap: the limit is "
            + "\(format(bytes: SecretLocking.limit)) (ulimit -l)"
    }
}

/// How files of `openssl enc` are read.
struct OpenSSLOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read files of openssl enc -K …: a file with the key in hexadecimal digits. They are not authenticated: changes can pass.",
            valueName: "file"))
    var opensslKey: String?
    @Option(help: ArgumentHelp("With it: a file with the vector of openssl enc -iv ….", valueName: "file")) var opensslIv: String?
    @Flag(help: "Read files of openssl enc with a password, for which this asks.") var opensslPassword = false
    @Option(help: ArgumentHelp("The same with the password in the first line of a file.", valueName: "file"))
    var opensslPasswordFile: String?
    @Option(
        help:
            "The cipher of openssl enc: \(OpenSSLCipher.allCases.map(\.rawValue).joined(separator: ", ")). (default: by the key's length; aes-256-cbc with a password)"
    ) var opensslCipher: String?
    @Flag(help: "The password's key is made as by openssl enc -pbkdf2.") var opensslPbkdf2 = false
    @Option(help: "Likewise, with the rounds of -iter.") var opensslIter: Int?
    @Option(help: "The digest of openssl enc -md. (default: sha256)") var opensslMd: String?

    func validate() throws {
        if (opensslKey == nil) != (opensslIv == nil) {
            throw ValidationError("--openssl-key and --openssl-iv go together: openssl enc takes -K and -iv.")
        }
        let hasPassword = opensslPassword || opensslPasswordFile != nil
        if hasPassword, opensslKey != nil { throw ValidationError("Give either a key or a password of openssl.") }
        if let opensslIter, opensslIter < 1 { throw ValidationError("--openssl-iter must be 1 or more; it is \(opensslIter).") }
        if !hasPassword, opensslPbkdf2 || opensslIter != nil || opensslMd != nil {
            throw ValidationError("--openssl-pbkdf2, --openssl-iter and --openssl-md are for --openssl-password; give it too.")
        }
        if !hasPassword, opensslKey == nil, opensslCipher != nil {
            throw ValidationError("--openssl-cipher is for --openssl-key or --openssl-password; give one of them too.")
        }
    }

    func decryption() throws -> OpenSSLDecryption? {
        let cipher = try opensslCipher.map { (name) throws(KeyError) in try OpenSSLCipher(name: name) }
        if let opensslKey, let opensslIv {
            return try OpenSSLDecryption(
                key: Self.content(opensslKey), vector: Self.content(opensslIv), cipher: cipher, sources: (opensslKey, opensslIv))
        }
        guard let (password, source) = try password() else { return nil }
        let digest = try opensslMd.map { (name) throws(KeyError) in try OpenSSLDerivation.Digest(name: name) } ?? .sha256
        let rounds = opensslIter ?? (opensslPbkdf2 ? OpenSSLDerivation.standardRounds : nil)
        return try OpenSSLDecryption(
            password: password, .init(rounds: rounds, digest: digest), cipher: cipher ?? .aes256, name: source)
    }

    private func password() throws -> (bytes: [UInt8], source: String)? {
        if let file = opensslPasswordFile {
            return (Array(try Self.content(file).prefix { $0 != 0x0A && $0 != 0x0D }), file)
        }
        guard opensslPassword else { return nil }
        // From the terminal without an echo; without a terminal, a line of standard input.
        guard let text = getpass("Password of openssl: ") else { return ([], "the terminal") }
        let bytes = UnsafeMutableRawBufferPointer(start: text, count: strlen(text))
        defer { bytes.overwrite() }
        return (Array(bytes), "the terminal")
    }

    /// The bytes of a small file.
    private static func content(_ path: String) throws -> [UInt8] {
        try MappedFile(stored: path).withUnsafeBytes { Array($0.prefix(1 << 12)) }
    }

    func arguments() throws -> [String] {
        if opensslPassword {
            throw ValidationError("This command starts others, which need the password too: give --openssl-password-file.")
        }
        let options = [
            ("--openssl-key", opensslKey), ("--openssl-iv", opensslIv), ("--openssl-password-file", opensslPasswordFile),
            ("--openssl-cipher", opensslCipher), ("--openssl-iter", opensslIter.map(String.init)), ("--openssl-md", opensslMd),
        ]
        return options.flatMap { name, value in value.map { [name, $0] } ?? [] } + (opensslPbkdf2 ? ["--openssl-pbkdf2"] : [])
    }
}
