import TensorStore
import Testing

@Suite struct SHATests {
    private func digest(_ function: SHA.Function, _ parts: [[UInt8]]) -> String {
        var hash = SHA(function)
        for part in parts { part.withUnsafeBytes { hash.update($0) } }
        return hash.hexDigits()
    }

    /// The examples of NIST's Secure Hash Standard.
    @Test(
        arguments: [
            (
                "", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            ),
            (
                "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            ),
            (
                "a", 1_000_000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ] as [(String, Int, String, String)])
    func knownDigests(text: String, count: Int, sha1: String, sha256: String) {
        let content = Array(String(repeating: text, count: count).utf8)
        #expect(digest(.sha1, [content]) == sha1)
        #expect(digest(.sha256, [content]) == sha256)
    }

    @Test(arguments: [SHA.Function.sha1, .sha256]) func partsGiveTheSame(function: SHA.Function) {
        let content = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 31) }
        let parts = stride(from: 0, to: 1000, by: 63).map { Array(content[$0..<min($0 + 63, 1000)]) }
        #expect(digest(function, parts) == digest(function, [content]))
        #expect(digest(function, [[], content, []]) == digest(function, [content]))
    }
}
