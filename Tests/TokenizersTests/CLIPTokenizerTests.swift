import Foundation
import TensorStore
import Testing

@testable import Tokenizers

/// Exact ids: any difference is a failure.
struct CLIPTokenizerTests {
    @Test func idsMatchTransformers() throws {
        let full = try TokenizerGoldens.full.get()
        let small = try TokenizerGoldens.small.get()
        let rows = try #require(try TokenizerGoldens.read("ids.json.gz")["texts"]?.array)
        #expect(rows.count >= 2000)
        for row in rows {
            let text = try #require(row[0]?.string)
            let ids = try TokenizerGoldens.ids(row[1])
            #expect(full.encode(text).ids == ids, "\(TokenizerGoldens.shown(text))")
            #expect(small.encode(text).ids == (try TokenizerGoldens.ids(row[2])), "\(TokenizerGoldens.shown(text))")
            let decoded = try #require(row[3]?.string)
            #expect(full.decode(ids).utf8.elementsEqual(decoded.utf8), "\(TokenizerGoldens.shown(decoded))")
        }
    }

    /// Tokens in an order no text has: their bytes often are no UTF-8.
    @Test func decodingMatchesTransformers() throws {
        let full = try TokenizerGoldens.full.get()
        let rows = try #require(try TokenizerGoldens.read("ids.json.gz")["decoded"]?.array)
        for row in rows {
            let ids = try TokenizerGoldens.ids(row[0])
            let text = try #require(row[1]?.string)
            #expect(full.decode(ids).utf8.elementsEqual(text.utf8), "\(ids)")
        }
    }

    /// Nearly every codepoint, between letters, alone, after a digit and before marks; a hash for 1,024 of them.
    @Test func everyCodepointMatchesTransformers() throws {
        let full = try TokenizerGoldens.full.get()
        for row in try #require(try TokenizerGoldens.read("sweep.json.gz").array) {
            let start = UInt32(try #require(row[0]?.int))
            var text = String.UnicodeScalarView()
            for scalar in (start..<start + 1024).compactMap(Unicode.Scalar.init) {
                text += "x\(scalar)y \(scalar)1\(scalar)\u{327}\u{301}a\(scalar)\u{301} ".unicodeScalars
            }
            let hash = full.encode(String(text)).ids.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { state, id in
                (0..<4).reduce(state) { ($0 ^ UInt64(UInt8(truncatingIfNeeded: id >> (8 * Int32($1))))) &* 0x100_0000_01B3 }
            }
            let found = String(hash, radix: 16)
            let digits = String(repeating: "0", count: 16 - found.count) + found
            #expect(digits == row[1]?.string, "from U+\(String(start, radix: 16))")
        }
    }

    @Test func tooLongATextIsCutBetweenTheMarkers() throws {
        let tokenizer = try TokenizerGoldens.full.get()
        let text = "a photograph of an astronaut riding a horse"
        let whole = tokenizer.encode(text)
        #expect(whole.tokenCount == 10 && whole.droppedIDs.isEmpty && whole.droppedText.isEmpty)

        let cut = tokenizer.encode(text, maxLength: 7)
        #expect(cut.ids == Array(whole.ids.prefix(6)) + [tokenizer.eosTokenID])
        #expect(cut.tokenCount == 10 && cut.droppedIDs == Array(whole.ids[6..<9]))
        #expect(cut.droppedText == "riding a horse")

        let exact = tokenizer.encode(text, maxLength: 10)
        #expect(exact == whole)
        let padded = tokenizer.encode(text, maxLength: 12)
        #expect(padded.ids == whole.ids + [tokenizer.padTokenID, tokenizer.padTokenID])
        #expect(tokenizer.encode(text, maxLength: 12, padded: false) == whole)
    }

    @Test(arguments: [Int.min, -1, 0, 1, 2]) func markersStayHoweverShortTheLength(_ length: Int) throws {
        let tokenizer = try TokenizerGoldens.full.get()
        let encoding = tokenizer.encode("a cat", maxLength: length)
        #expect(encoding.ids == [tokenizer.bosTokenID, tokenizer.eosTokenID])
        #expect(encoding.droppedIDs.count == 2)
    }

    @Test func unknownIDsAreNotDecoded() throws {
        let tokenizer = try TokenizerGoldens.full.get()
        let ids = tokenizer.encode("a cat").ids.dropFirst().dropLast()
        #expect(tokenizer.decode([-1, .min] + ids + [.max, 49_408]) == "a cat")
    }

    /// Scalars at random: nothing traps, every token is in the vocabulary, and encoding what was decoded changes nothing.
    @Test func anyTextIsEncoded() throws {
        let tokenizer = try TokenizerGoldens.small.get()
        var random = SplitMix64(state: 7)
        for _ in 0..<3000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let limit: UInt32 = [0x80, 0x3000, 0x11_0000][Int.random(in: 0..<3, using: &random)]
                if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) { text.append(scalar) }
            }
            let encoding = tokenizer.encode(String(text), maxLength: Int.random(in: 0...50, using: &random))
            #expect(encoding.ids.allSatisfy { (0..<1164).contains($0) })
            let decoded = tokenizer.decode(tokenizer.encode(String(text)).ids.dropFirst().dropLast())
            let again = tokenizer.decode(tokenizer.encode(decoded).ids.dropFirst().dropLast())
            #expect(again.utf8.elementsEqual(decoded.utf8), "\(TokenizerGoldens.shown(String(text)))")
        }
    }

    /// Bytes at random, repaired as Swift repairs them.
    @Test func anyBytesAreEncoded() throws {
        let tokenizer = try TokenizerGoldens.full.get()
        var random = SplitMix64(state: 8)
        for _ in 0..<1000 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let encoding = tokenizer.encode(String(decoding: bytes, as: UTF8.self))
            #expect(encoding.ids.first == tokenizer.bosTokenID && encoding.ids.last == tokenizer.eosTokenID)
            #expect(encoding.ids.allSatisfy { (0..<49_408).contains($0) })
        }
    }

    /// Quadratic time would take minutes here.
    @Test(arguments: ["a", "é", "1", "!", " ", "\u{301}", "<|", "👩‍"]) func longTextsTakeLinearTime(_ part: String) throws {
        let tokenizer = try TokenizerGoldens.full.get()
        let time = ContinuousClock().measure {
            #expect(!tokenizer.encode(String(repeating: part, count: 200_000), maxLength: 77).ids.isEmpty)
        }
        #expect(time < .seconds(10))
    }
}

/// Steele, Lea and Flood's generator, for texts that are the same at every run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
