import Foundation
import TestSupport
import Testing

@testable import Imaging

struct EXIFTests {
    /// A `UserComment` alone, in either byte order.
    private func exif(_ value: [UInt8], isLittleEndian: Bool = false) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            let bytes = (0..<count).map { UInt8(value >> (8 * $0) & 0xFF) }
            return isLittleEndian ? bytes : bytes.reversed()
        }
        let header: [UInt8] = isLittleEndian ? [0x49, 0x49, 0x2A, 0] : [0x4D, 0x4D, 0, 0x2A]
        return header + number(8, 4) + number(1, 2) + number(0x8769, 2) + number(4, 2) + number(1, 4) + number(26, 4)
            + number(0, 4)
            + number(1, 2) + number(0x9286, 2) + number(7, 2) + number(value.count, 4) + number(40, 4) + value
    }

    private let unicode = Array("UNICODE\0".utf8)

    /// By piexif, as the web UI does; the text is in no comment.
    @Test(arguments: ["latin", "unicode"]) func piexifsUserComment(_ name: String) throws {
        let text = try String(contentsOf: Goldens.url("Workflows/\(name).txt"), encoding: .utf8)
        let file = try ImageFile(path: Goldens.url("Workflows/\(name).jpg").path)
        #expect(file.metadata == ["UserComment": text])
        #expect(try ImageFile(path: Goldens.url("Workflows/\(name).png").path).metadata == ["parameters": text])
    }

    @Test(arguments: ["a", "é", "猫 🦄\nSteps: 1", String(repeating: "x", count: 30_000)])
    func writtenCommentsAreRead(_ text: String) throws {
        let data = try #require(EXIF.data(userComment: text, limit: 65_527))
        #expect(EXIF(data)?.userComment == text)
        #expect(EXIF.data(userComment: text, limit: data.count - 1) == nil)
        #expect(EXIF.data(userComment: text, limit: data.count) == data)
        #expect(EXIFOrientation(exif: data) == nil)
    }

    /// The request is a comment of a JPEG, and in a WebP's XMP, for this program; and EXIF for others.
    @Test(arguments: [ImageEncoding.jpeg(), .webp()]) func filesHoldTheParametersTwice(_ encoding: ImageEncoding) throws {
        let metadata: ImageMetadata = ["glint": "{}", "parameters": "a 🦄\nSteps: 1"]
        let image = try RGBImage(width: 8, height: 8)
        let bytes = try image.encoded(as: encoding, metadata: metadata)
        #expect(try ImageFile(bytes: bytes, file: "a").metadata == metadata)
        let header = encoding.format == .jpeg ? Array("Exif\0\0".utf8) : Array("EXIF".utf8)
        let written = try #require(metadata.exif)
        let exif = try #require(bytes.firstRange(of: written))
        let start = try #require(bytes.firstRange(of: header))
        #expect(start.upperBound == exif.lowerBound - (encoding.format == .jpeg ? 0 : 4))
        // Before all other texts, as readers expect.
        #expect(exif.lowerBound < bytes.firstRange(of: Array("glint".utf8))?.lowerBound ?? 0)
        // One that is too long for a JPEG's segment is not in EXIF.
        let long: ImageMetadata = ["parameters": String(repeating: "x", count: 40_000)]
        #expect(try ImageFile(bytes: image.encoded(as: encoding, metadata: long), file: "a").metadata == long)
        var many = ImageMetadata((0..<999).map { .init(key: "k\($0)", text: "") })
        many.append("Steps: 1", for: "parameters")
        #expect(try ImageFile(bytes: image.encoded(as: encoding, metadata: many), file: "a").metadata == many)
    }

    @Test func encodingsOfOtherPrograms() {
        let text = "a cat, 猫"
        let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        let little = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        for isLittle in [false, true] {
            for value in [
                unicode + big, unicode + little, unicode + [0xFE, 0xFF] + big, unicode + [0xFF, 0xFE] + little,
                Array("ASCII\0\0\0".utf8) + Array(text.utf8), [UInt8](repeating: 0, count: 8) + Array(text.utf8) + [0, 0],
            ] {
                #expect(EXIF(exif(value, isLittleEndian: isLittle))?.userComment == text)
            }
        }
        #expect(EXIF(exif(Array("ASCII\0\0\0".utf8) + [0x63, 0xE9]))?.userComment == "cé")
    }

    @Test func commentsThatAreNone() {
        #expect(EXIF([]) == nil && EXIF([0x49, 0x49]) == nil)
        for value in [[], [0], unicode, unicode + [0x61], unicode + [0, 0x20, 0, 0], Array("JIS\0\0\0\0\0abc".utf8)] {
            #expect(EXIF(exif(value))?.userComment == nil)
        }
        // Values and directories beyond the data, and a directory that is its own.
        let whole = exif(unicode + [0, 0x61])
        for count in 4..<whole.count { #expect(EXIF(Array(whole[..<count]))?.userComment == nil) }
        for (at, byte) in [(4, UInt8(0xFF)), (18, 0xFF), (32, 0xFF), (36, 0xFF), (22, 8), (8, 0xFF)] {
            var bytes = whole
            bytes[at] = byte
            _ = EXIF(bytes)?.userComment
        }
    }

    /// Damaged data are read as far as they go, or not at all.
    @Test func damagedData() {
        let whole = exif(unicode + [0, 0x61, 0xD8, 0, 0, 0x62])
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<4_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            bytes.removeLast(Int.random(in: 0...4, using: &generator))
            _ = EXIF(bytes)?.userComment
            _ = EXIFOrientation(exif: bytes)
        }
    }
}
