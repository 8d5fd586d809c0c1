import Foundation
import Imaging
import Testing

/// Damaged files give errors: no trap, no hang, and no partly decoded picture.
struct DamagedFileTests {
    private static let small: ImageLimits = {
        var limits = ImageLimits()
        limits.pixels = 1 << 16
        limits.metadataBytes = 4096
        return limits
    }()

    private func decode(_ bytes: [UInt8]) throws(ImageError) -> RGBImage {
        try ImageFile(bytes: bytes, file: "damaged", limits: Self.small).image
    }

    @Test(arguments: [
        "rgb8.png", "rgb8-interlaced.png", "palette4.png", "texts.png", "orientation8.png", "rgb420.jpg", "rgb444.jpg",
        "progressive.jpg", "cmyk.jpg", "orientation6.jpg",
    ])
    func everyPrefixIsAnError(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        let format: ImageFormat = name.hasSuffix("png") ? .png : .jpeg
        for count in 0..<bytes.count {
            let prefix = Array(bytes[..<count])
            let isSigned = ImageFormat(signatureOf: prefix) != nil
            #expect(
                throws: isSigned
                    ? ImageError.truncated(file: "damaged", format)
                    : .notAPicture(file: "damaged", found: Array(prefix.prefix(16))), "\(count) bytes"
            ) { try decode(prefix) }
        }
    }

    /// Damage in any chunk of a PNG is found by its checksum.
    @Test(arguments: ["rgb8.png", "palette4-trns.png", "texts.png", "orientation8.png"])
    func everyFlippedBitOfAPNGIsAnError(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: ImageError.self, "bit \(bit)") { try decode(damaged) }
        }
    }

    /// Damage with correct checksums reaches the decoder.
    @Test(arguments: ["rgb8.png", "gray2.png", "rgba16.png", "palette4-trns.png", "texts.png", "orientation8.png"])
    func damagedChunksWithRightChecksumsDoNotTrap(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        var generator = SplitMix64(state: 1)
        var errors = 0
        for _ in 0..<1000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                damaged[Int.random(in: 8..<bytes.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
            }
            repairChecksums(&damaged)
            errors += outcome(of: damaged)
        }
        #expect(errors > 100)
    }

    @Test(arguments: ["rgb420.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "orientation6.jpg"])
    func damagedJPEGsDoNotTrap(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        var generator = SplitMix64(state: 2)
        var errors = 0
        for _ in 0..<1000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                damaged[Int.random(in: 2..<bytes.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
            }
            errors += outcome(of: damaged)
        }
        #expect(errors > 100)
    }

    @Test(arguments: [ImageFormat.png, .jpeg])
    func garbageBehindASignatureIsAnError(format: ImageFormat) {
        var generator = SplitMix64(state: 3)
        let signature: [UInt8] = format == .png ? [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] : [0xFF, 0xD8, 0xFF]
        for _ in 0..<200 {
            let garbage = (0..<200).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: ImageError.self) { try decode(signature + garbage) }
        }
    }

    // MARK: Bombs

    @Test func refusesSizesBeforeTheirMemoryIsTaken() throws {
        var bytes = try Fixtures.bytes("rgb8.png")
        bytes.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
        repairChecksums(&bytes)
        #expect(throws: ImageError.tooLarge(file: "damaged", width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, Self.small)) {
            try decode(bytes)
        }
        var jpeg = try Fixtures.bytes("rgb420.jpg")
        let header = try #require((0..<jpeg.count - 9).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(header + 5..<header + 9, with: [0xFF, 0x00, 0xFE, 0xFE])
        #expect(throws: ImageError.tooLarge(file: "damaged", width: 0xFEFE, height: 0xFF00, Self.small)) { try decode(jpeg) }
    }

    @Test(arguments: [(11, 7, 77, true), (10, 7, 77, false), (11, 6, 77, false), (11, 7, 76, false)])
    func limitsHoldTheirOwnValue(width: Int, height: Int, pixels: Int, fits: Bool) throws {
        var limits = ImageLimits()
        (limits.width, limits.height, limits.pixels) = (width, height, pixels)
        let bytes = try Fixtures.bytes("rgb8.png")
        if fits {
            _ = try ImageFile(bytes: bytes, file: "a", limits: limits)
        } else {
            #expect(throws: ImageError.tooLarge(file: "a", width: 11, height: 7, limits)) {
                try ImageFile(bytes: bytes, file: "a", limits: limits)
            }
        }
    }

    @Test func aTextThatUnpacksToAMegabyteIsRefused() throws {
        let bytes = try Fixtures.bytes("text-bomb.png")
        #expect { try decode(bytes) } throws: {
            guard case ImageError.corrupt("damaged", .png, let reason) = $0 else { return false }
            return reason.contains("limit")
        }
        #expect(try ImageFile(bytes: bytes, file: "a").metadata["a"]?.utf8.count == 1 << 20)
    }

    @Test(arguments: [ImageEncoding.png(), .jpeg(), .webp()])
    func manyTextsTogetherAreMetadataAboveTheLimit(encoding: ImageEncoding) throws {
        let texts = ImageMetadata((0..<9).map { .init(key: "k\($0)", text: String(repeating: "x", count: 500)) })
        let bytes = try RGBImage(width: 1, height: 1).encoded(as: encoding, metadata: texts)
        #expect(throws: ImageError.metadataTooLarge(file: "damaged", limit: 4096)) { try decode(bytes) }
    }

    @Test func textsThatBreakTheFormatAreNotDroppedInSilence() throws {
        for name in ["text-not-utf8.png", "keyword-80.png"] {
            #expect { try decode(try Fixtures.bytes(name)) } throws: {
                if case ImageError.corrupt("damaged", .png, _) = $0 { true } else { false }
            }
        }
    }

    // MARK: Helpers

    /// 1 for an error; a picture must be whole.
    private func outcome(of bytes: [UInt8]) -> Int {
        do {
            let image = try decode(bytes)
            #expect(image.bytes.count == image.width * image.height * 3)
            return 0
        } catch {
            #expect(!error.description.isEmpty)
            return 1
        }
    }

    /// Corrects the checksum of every complete chunk.
    private func repairChecksums(_ png: inout [UInt8]) {
        var start = 8
        while start + 12 <= png.count {
            let length = png[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = start + 8 + length
            guard end + 4 <= png.count else { return }
            var checksum = UInt32.max
            for byte in png[start + 4..<end] {
                checksum ^= UInt32(byte)
                for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
            }
            checksum = ~checksum
            for index in 0..<4 { png[end + index] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32(index))) }
            start = end + 4
        }
    }
}
