import Foundation
import TestSupport
import Testing

@testable import Imaging

/// WebP, TIFF, GIF and BMP, as Pillow reads them.
struct OtherFormatsTests {
    private static let exact =
        [
            "webp-lossless.webp", "webp-alpha.webp", "webp-orientation6.webp", "webp-animated.webp", "tiff-rgb.tif",
            "tiff-lzw.tif",
            "tiff-deflate.tif", "tiff-gray.tif", "tiff-palette.tif", "tiff-bilevel.tif", "tiff-alpha.tif",
            "tiff-premultiplied.tif",
            "tiff-pages.tif", "tiff-rgb16.tif", "gif-plain.gif", "gif-interlaced.gif", "gif-transparent.gif", "gif-animated.gif",
            "gif-offset.gif", "gif-offset-transparent.gif", "gif-beyond.gif", "bmp-rgb.bmp", "bmp-palette.bmp", "bmp-gray.bmp",
            "bmp-bilevel.bmp", "bmp-alpha.bmp", "bmp-555.bmp", "bmp-565-top-down.bmp", "bmp-palette4.bmp", "bmp-runs8.bmp",
            "bmp-runs4.bmp",
        ] + (2...8).map { "tiff-orientation\($0).tif" }
    private static let close = ["webp-lossy.webp", "tiff-cmyk.tif"]

    private func reference(_ name: String) throws -> RGBImage { try Fixtures.pixels(String(name.prefix { $0 != "." })) }

    private func format(_ name: String) throws -> ImageFormat {
        try #require(ImageFormat(fileExtension: URL(filePath: name).pathExtension))
    }

    @Test(arguments: exact) func readsWhatPillowReads(name: String) throws {
        let file = try ImageFile(path: Fixtures.path(name))
        #expect(file.format == (try format(name)))
        #expect(file.image == (try reference(name)))
    }

    /// Conversions may round differently.
    @Test(arguments: close) func readsNearlyWhatPillowReads(name: String) throws {
        #expect(largestDifference(try ImageFile(path: Fixtures.path(name)).image, try reference(name)) <= 2)
    }

    // MARK: WebP

    @Test func webPIsCloseAndQualityMatters() throws {
        let image = try Fixtures.gradient(width: 61, height: 47)
        let ratios = try [20, 80, 95].map { quality in
            psnr(try ImageFile(bytes: try image.encoded(as: .webp(quality: quality)), file: "a round trip").image, image)
        }
        #expect(ratios[2] > 40 && ratios == ratios.sorted(), "\(ratios)")
        #expect(throws: ImageError.quality(101)) { try image.encoded(as: .webp(quality: 101)) }
    }

    @Test func webPHasALongestSide() throws {
        let image = try RGBImage(width: 16_384, height: 1)
        #expect(throws: ImageError.cannotEncode(.webp, reason: "WebP has at most 16383 pixels a side")) {
            try image.encoded(as: .webp())
        }
    }

    @Test func packetsOfOthersHaveNoTexts() {
        for packet in ["", "<x:xmpmeta>", "<glint:texts>", "<glint:texts>[</glint:texts>", "<glint:texts>{}</glint:texts>"] {
            #expect(XMPPacket.entries(in: Array(packet.utf8)).isEmpty)
        }
        let own = XMPPacket.make([.init(key: "a", text: "<\u{301}&\"'>")])
        #expect(XMPPacket.entries(in: own) == [.init(key: "a", text: "<\u{301}&\"'>")])
    }

    // MARK: Damage

    private static var limits: ImageLimits {
        var limits = ImageLimits()
        (limits.pixels, limits.metadataBytes) = (1 << 16, 4096)
        return limits
    }

    private func decode(_ bytes: [UInt8]) throws(ImageError) -> RGBImage {
        try ImageFile(bytes: bytes, file: "damaged", limits: Self.limits).image
    }

    /// A picture that lacks bytes is an error, unless they are behind all of its pixels.
    @Test(arguments: exact + close) func noPrefixIsAnotherPicture(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        let whole = try decode(bytes)
        var errors = 0
        for count in 0..<bytes.count {
            do throws(ImageError) {
                let image = try decode(Array(bytes[..<count]))
                #expect(image == whole, "\(count) bytes")
            } catch {
                errors += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(errors >= bytes.count / 2, "\(errors) of \(bytes.count)")
    }

    @Test(arguments: exact + close) func damageDoesNotTrap(name: String) throws {
        let bytes = try Fixtures.bytes(name)
        var generator = SplitMix64(state: 4)
        for _ in 0..<1000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                // The headers are where sizes and offsets are.
                let end = Bool.random(using: &generator) ? min(64, bytes.count) : bytes.count
                damaged[Int.random(in: 2..<end, using: &generator)] = [
                    0, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &generator),
                ]
                .randomElement(using: &generator)!
            }
            do {
                let image = try decode(damaged)
                #expect(image.bytes.count == image.width * image.height * 3)
                #expect(image.width * image.height <= Self.limits.pixels)
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test(arguments: [
        ("webp-lossless.webp", 0..<0), ("bmp-rgb.bmp", 18..<26), ("gif-plain.gif", 6..<10),
    ])
    func refusesSizesBeforeTheirMemoryIsTaken(name: String, size: Range<Int>) throws {
        var bytes = try Fixtures.bytes(name)
        if size.isEmpty {
            // Behind the signature of the lossless bitstream: 14 bits less one each.
            let start = try #require(bytes.firstRange(of: Array("VP8L".utf8))).upperBound + 5
            bytes.replaceSubrange(start..<start + 4, with: [0xFF, 0xFF, 0xFF, 0x0F])
        } else {
            bytes.replaceSubrange(size, with: [UInt8](repeating: 0x7F, count: size.count))
        }
        #expect { try decode(bytes) } throws: {
            if case ImageError.tooLarge("damaged", _, _, _) = $0 { true } else { false }
        }
    }

    @Test func refusesTheSizeOfATIFF() throws {
        var bytes = try Fixtures.bytes("tiff-rgb16.tif")
        let tag = try #require(bytes.firstRange(of: [0, 1, 3, 0, 1, 0, 0, 0, 11, 0]))
        bytes.replaceSubrange(tag, with: [0, 1, 4, 0, 1, 0, 0, 0, 0xFF, 0xFF])
        #expect(throws: ImageError.tooLarge(file: "damaged", width: 0xFFFF, height: 7, Self.limits)) { try decode(bytes) }
    }

    // MARK: Formats that are not read

    @Test(arguments: [
        ("\0\0\0\u{1C}ftypavif", "is an AVIF, which is not read"), ("\0\0\0\u{18}ftypheic", "is a HEIC, which is not read"),
        ("\0\0\0\u{C}JXL \r\n", "is a JPEG XL, which is not read"), ("8BPS\0\u{1}", "is a Photoshop file, which is not read"),
        ("<svg xmlns=", "is an SVG, which is not read"), ("%PDF-1.7", "is a PDF, which is not read"),
        ("\0\0\0\u{18}ftypqt  ", "is not a picture of a known kind"), ("", "is empty"),
    ])
    func refusesByName(start: String, text: String) {
        #expect { try decode(Array(start.utf8)) } throws: { "\($0)".contains(text) }
    }
}
