@testable import Encryption
import Foundation
import TensorStore
import TestSupport
import Testing

@Suite struct EncryptionKeyTests {
    private let text = String(repeating: "0123456789abcdef", count: 4)

    @Test func readsHexadecimalDigits() throws {
        let key = try EncryptionKey(hexadecimal: " \(text.uppercased())\n".utf8, source: "test")
        #expect(key.hexadecimal == text)
        #expect(key.id == (try EncryptionKey(hexadecimal: text.utf8, source: "test")).id)
        #expect("\(key.id)".count == 16)
        for wrong in ["", "00", String(text.dropLast()), text + "00", text.replacing("a", with: "g"), "\(text) \(text)"] {
            #expect(throws: KeyError.text(source: "test")) { try EncryptionKey(hexadecimal: wrong.utf8, source: "test") }
        }
    }

    @Test func isKeptInAFileOfItsOwner() throws {
        let folder = try TemporaryFolder()
        let key = try EncryptionKey.random()
        let path = folder.path + "/key"
        try key.write(to: path)
        #expect(try EncryptionKey(file: path) == key)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(throws: KeyError.self) { try EncryptionKey.random().write(to: path) }
        #expect(try EncryptionKey(file: path) == key)
        #expect(throws: KeyError.file(.missing(path: folder.path + "/none"))) {
            try EncryptionKey(file: folder.path + "/none")
        }
    }

    /// Appendix A.1 and A.3 of RFC 5869.
    @Test func derivesAsTheStandardSays() {
        let key = SecretBytes([UInt8](repeating: 0x0b, count: 22))
        let first = HKDF.derive(key, salt: (0...12).map { UInt8($0) }, info: (0xf0...0xf9).map { UInt8($0) }, count: 42)
        #expect(
            first.array.hexadecimal
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        let third = HKDF.derive(key, salt: [], info: [], count: 42)
        #expect(
            third.array.hexadecimal
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
    }
}
