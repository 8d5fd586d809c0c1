import Testing

@testable import Hub

@Suite struct ContentDigestTests {
    /// NIST's example, and the output of `git hash-object`.
    @Test func knownDigests() {
        #expect(
            ContentDigest(of: Array("abc".utf8), isLarge: true)
                == .sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        #expect(
            ContentDigest(of: Array("hello\n".utf8), isLarge: false) == .gitBlob("ce013625030ba8dba906f756967f9e9ca394464a"))
        #expect(ContentDigest(of: [], isLarge: false) == .gitBlob("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"))
    }

    @Test func piecesGiveTheSame() {
        let content = SampleModel.bytes(1000)
        var builder = DigestBuilder(like: .sha256(""), size: content.count)
        for start in stride(from: 0, to: 1000, by: 64) {
            content[start..<min(start + 64, 1000)].withUnsafeBytes { builder.update($0) }
        }
        let digest = builder.finish()
        #expect(digest == ContentDigest(of: content, isLarge: true))
    }
}
