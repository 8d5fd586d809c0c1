import Encryption
import Foundation
import TensorStore
import TestSupport
import Testing

/// Files of the real `openssl`.
@Suite(.enabled(if: OpenSSLProgram.isThere, "the program openssl is not installed")) struct OpenSSLTests {
    private let folder: TemporaryFolder
    private let plain: [UInt8]

    init() throws {
        folder = try TemporaryFolder()
        plain = Array("<?xml version=\"1.0\"?>\n<net name=\"a\" version=\"11\">".utf8) + Array(repeating: 0x20, count: 3_000_000)
        try folder.write("model.xml", plain)
    }

    /// OpenVINO's article: one value for key and vector, `openvino encrypt` in hexadecimal digits.
    @Test func readsTheArticlesExample() throws {
        let value = "6f70656e76696e6f20656e6372797074"
        try run("-aes-128-cbc -in model.xml -out enc.xml -K \(value) -iv \(value)")
        let decryption = try OpenSSLDecryption(key: value.utf8, vector: value.utf8, sources: ("key", "iv"))
        #expect(try read("enc.xml", decryption) == plain)
        // A file in plain is read as it is.
        #expect(try Keyring(openSSL: decryption).content(of: MappedFile(stored: folder.path + "/model.xml")) == nil)
    }

    @Test(arguments: [("aes-128-cbc", 32), ("aes-192-cbc", 48), ("aes-256-cbc", 64)], [0, 1, 15, 16, 17, 1 << 20])
    func readsKeysOfEveryLength(_ cipher: (String, Int), _ byteCount: Int) throws {
        let content = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 % 251) }
        try folder.write("weights.bin", content)
        let key = String("00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef".prefix(cipher.1))
        try run("-\(cipher.0) -in weights.bin -out enc.bin -K \(key) -iv 0102030405060708090a0b0c0d0e0f10")
        let decryption = try OpenSSLDecryption(
            key: key.utf8, vector: "0102030405060708090a0b0c0d0e0f10".utf8, sources: ("key", "iv"))
        #expect(try read("enc.bin", decryption) == content)
    }

    /// `openssl` fills a short key and a short vector by zeros.
    @Test func fillsShortKeys() throws {
        try run("-aes-256-cbc -in model.xml -out enc.xml -K 0123 -iv 45")
        let decryption = try OpenSSLDecryption(key: "0123".utf8, vector: "45".utf8, cipher: .aes256, sources: ("key", "iv"))
        #expect(try read("enc.xml", decryption) == plain)
        #expect(throws: KeyError.self) {
            try OpenSSLDecryption(key: "0123".utf8, vector: "45".utf8, sources: ("key", "iv"))
        }
        #expect(throws: KeyError.self) {
            try OpenSSLDecryption(
                key: String(repeating: "0", count: 34).utf8, vector: "45".utf8, cipher: .aes128, sources: ("key", "iv"))
        }
    }

    @Test(arguments: [
        ("-aes-256-cbc -pbkdf2", OpenSSLDerivation(rounds: 10_000), OpenSSLCipher.aes256),
        ("-aes-128-cbc -iter 1234", OpenSSLDerivation(rounds: 1234), .aes128),
        ("-aes-192-cbc -pbkdf2 -md sha512", OpenSSLDerivation(rounds: 10_000, digest: .sha512), .aes192),
        ("-aes-256-cbc", OpenSSLDerivation(), .aes256), ("-aes-128-cbc -md md5", OpenSSLDerivation(digest: .md5), .aes128),
        ("-aes-192-cbc -md sha1", OpenSSLDerivation(digest: .sha1), .aes192),
    ])
    func readsPasswords(_ options: String, _ derivation: OpenSSLDerivation, _ cipher: OpenSSLCipher) throws {
        try run("\(options) -in model.xml -out enc.xml -pass pass:secret")
        let right = try OpenSSLDecryption(password: "secret".utf8, derivation, cipher: cipher, name: "test")
        #expect(try read("enc.xml", right) == plain)
        let wrong = try OpenSSLDecryption(password: "Secret".utf8, derivation, cipher: cipher, name: "test")
        #expect(throws: FileError.self) { try read("enc.xml", wrong) }
    }

    @Test func saysWhatCanBeWrong() throws {
        let (key, other) = ("6f70656e76696e6f20656e6372797074", "6f70656e76696e6f20656e6372797075")
        try run("-aes-128-cbc -in model.xml -out enc.xml -K \(key) -iv \(key)")
        // A wrong vector changes the first block alone: here its first byte, which then begins no XML. Other bytes would pass.
        for (key, vector) in [(other, key), (key, "7f" + key.dropFirst(2))] {
            let decryption = try OpenSSLDecryption(key: key.utf8, vector: vector.utf8, sources: ("key", "iv"))
            #expect(throws: FileError.self) { try read("enc.xml", decryption) }
        }
        let decryption = try OpenSSLDecryption(key: key.utf8, vector: key.utf8, sources: ("key", "iv"))
        let stored = try Data(contentsOf: folder.url.appending(path: "enc.xml"))
        try stored.dropLast(5).write(to: folder.url.appending(path: "enc.xml"))
        let error = #expect(throws: FileError.self) { try read("enc.xml", decryption) }
        #expect(error?.description.contains("multiple of 16") == true)
        try run("-aes-256-cbc -pbkdf2 -in model.xml -out enc.xml -pass pass:secret")
        let salted = #expect(throws: FileError.self) { try read("enc.xml", decryption) }
        #expect(salted?.description.contains("--openssl-password") == true)
    }

    private func read(_ name: String, _ decryption: OpenSSLDecryption) throws -> [UInt8] {
        let file = try MappedFile(stored: folder.path + "/" + name)
        let content = try #require(try Keyring(openSSL: decryption).content(of: file))
        var bytes = [UInt8](repeating: 0xEE, count: content.byteCount)
        try bytes.withUnsafeMutableBytes { try content.fill($0) }
        return bytes
    }

    private func run(_ arguments: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: OpenSSLProgram.path)
        process.arguments = ["enc"] + arguments.split(separator: " ").map(String.init)
        process.currentDirectoryURL = folder.url
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}

enum OpenSSLProgram {
    static let path = "/usr/bin/openssl"
    static var isThere: Bool { FileManager.default.isExecutableFile(atPath: path) }
}
