import Foundation
import Testing

@testable import Tokenizers

struct BytePairVocabularyTests {
    @Test func standard() throws {
        let vocabulary = try BytePairVocabulary.clip()
        #expect(vocabulary.tokens.count == 49_408)
        #expect(vocabulary.merges.count == 48_894)
        #expect(vocabulary.tokens[0] == "!" && vocabulary.tokens[256] == "!</w>" && vocabulary.tokens[512] == "in")
        #expect(vocabulary.tokens[49_406] == "<|startoftext|>" && vocabulary.tokens[49_407] == "<|endoftext|>")
    }

    @Test func writtenAndReadAgain() throws {
        let vocabulary = try BytePairVocabulary.clip()
        try withTemporaryFolder([:]) { folder in
            try vocabulary.write(to: folder)
            #expect(try BytePairVocabulary(TokenizerFolder(folder)) == vocabulary)
        }
    }

    @Test func tokensAreToldApartByBytes() throws {
        var table = try TokenTable(["é", "e\u{301}"], file: "test")
        #expect(table.id("é") == 0 && table.id("e\u{301}") == 1 && table.id("e") == nil)
        #expect(throws: TokenizerError.duplicateToken("a", file: "test")) { try TokenTable(["a", "b", "a"], file: "test") }
        for number in 0..<1000 { #expect(table.append("token \(number)") == Int32(2 + number)) }
        #expect(table.append("token 500") == nil)
        #expect((0..<1000).allSatisfy { table.id("token \($0)") == Int32(2 + $0) })
        #expect(table.token(1002) == nil && table.token(-1) == nil)
    }

    @Test func damagedArchivesAreRefused() throws {
        let content = try BytePairVocabularyTests.packed()
        for count in [0, 1, 10, content.count / 2, content.count - 1] {
            #expect(throws: GzipError.self) { try content.prefix(count).withUnsafeBytes { try Gzip.unpacked($0) } }
        }
        var changed = content
        changed[content.count - 6] ^= 1
        #expect(throws: GzipError.self) { try changed.withUnsafeBytes { try Gzip.unpacked($0) } }
        #expect(try content.withUnsafeBytes { try Gzip.unpacked($0) } == Array("hello hello hello hello".utf8))
    }

    /// gzip.compress(b"hello hello hello hello", mtime=0)
    private static func packed() throws -> Data {
        try #require(Data(base64Encoded: "H4sIAAAAAAACA8tIzcnJV8hAJwHjUT2NFwAAAA=="))
    }
}
