import Encryption
import Foundation
import TensorStore
import TestSupport
import Testing

/// Files that another implementation made by the description in docs/security.md.
@Suite struct FormatReferenceTests {
    private static let names = [("aes", 5000), ("chacha", 5000), ("empty", 0)]

    @Test(arguments: names) func readsFilesOfTheDescription(_ name: String, _ byteCount: Int) throws {
        let digits = (0..<32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let key = try EncryptionKey(hexadecimal: digits.utf8, source: "test")
        let file = try MappedFile(stored: Goldens.url("Encryption/\(name).bin").path)
        let content = try #require(try Keyring(keys: [key]).content(of: file))
        var bytes = [UInt8](repeating: 0xEE, count: content.byteCount)
        try bytes.withUnsafeMutableBytes { try content.fill($0) }
        #expect(bytes == (0..<byteCount).map { UInt8($0 % 251) })
    }
}
