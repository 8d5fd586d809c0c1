import Imaging
import Testing

struct ImageMetadataTests {
    static let texts: ImageMetadata = [
        "prompt": "a pink 🦄 on a blue background, 👩‍🚀 in 日本",
        "negative prompt": "",
        "parameters": "line one\nline two\r\nline three\ttabbed",
        "Straße": "Latin-1: äöü ÿ, no-break\u{A0}space",
        "combining": "\u{301}: at the beginning",
        "control": "\u{1}\u{7F}\u{85}\u{FEFF}\u{10FFFF}",
        "long": String(repeating: "0123456789", count: 6_000),
    ]

    @Test(arguments: [ImageEncoding.png(), .jpeg(), .webp()])
    func textsComeBackInOrder(encoding: ImageEncoding) throws {
        var texts = Self.texts
        texts.append("again", for: "prompt")
        let bytes = try RGBImage(width: 2, height: 2).encoded(as: encoding, metadata: texts)
        let found = try ImageFile(bytes: bytes, file: "a round trip").metadata
        // Swift compares strings by normal form; a file must keep every scalar.
        #expect(found.entries.map { Array($0.text.unicodeScalars) } == texts.entries.map { Array($0.text.unicodeScalars) })
        #expect(found.entries.map(\.key) == texts.entries.map(\.key))
    }

    @Test func latin1BecomesTEXtAndTheRestITXt() throws {
        let bytes = try RGBImage(width: 1, height: 1).encoded(metadata: ["a": "é\n", "b": "🦄", "c": "\t"])
        let chunks = ["tEXt", "iTXt"].map { name in bytes.indices.filter { bytes[$0...].starts(with: name.utf8) }.count }
        #expect(chunks == [1, 2])
    }

    @Test(arguments: ["", " a", "a ", "a  b", "a\nb", "日本", "a\u{A0}b", String(repeating: "k", count: 80)])
    func refusesKeysThatPNGRefuses(key: String) throws {
        let image = try RGBImage(width: 1, height: 1)
        for encoding in [ImageEncoding.png(), .jpeg()] {
            #expect(throws: ImageError.metadata(key: key, problem: .key)) {
                try image.encoded(as: encoding, metadata: [key: "text"])
            }
        }
    }

    @Test func refusesTextsThatAFormatCannotHold() throws {
        let image = try RGBImage(width: 1, height: 1)
        #expect(throws: ImageError.metadata(key: "a", problem: .embeddedNUL)) { try image.encoded(metadata: ["a": "b\0c"]) }
        #expect(throws: ImageError.metadata(key: "a: b", problem: .colonInKey)) {
            try image.encoded(as: .jpeg(), metadata: ["a: b": "c"])
        }
        #expect(try ImageFile(bytes: try image.encoded(metadata: ["a: b": "c"]), file: "a").metadata == ["a: b": "c"])
        let fits = String(repeating: "x", count: 65_530)
        #expect(try ImageFile(bytes: try image.encoded(as: .jpeg(), metadata: ["a": fits]), file: "a").metadata["a"] == fits)
        #expect(throws: ImageError.metadata(key: "a", problem: .commentBytes(65_534, limit: 65_533))) {
            try image.encoded(as: .jpeg(), metadata: ["a": fits + "x"])
        }
    }

    @Test(arguments: [ImageEncoding.png(), .jpeg(), .webp()])
    func holdsAThousandTextsAndNoMore(encoding: ImageEncoding) throws {
        let image = try RGBImage(width: 1, height: 1)
        var metadata = ImageMetadata((0..<1000).map { .init(key: "k\($0)", text: "\($0)") })
        #expect(try ImageFile(bytes: try image.encoded(as: encoding, metadata: metadata), file: "many").metadata == metadata)
        metadata.append("", for: "one more")
        #expect(throws: ImageError.metadataCount(1001, limit: 1000)) { try image.encoded(as: encoding, metadata: metadata) }
    }
}
