import Foundation
import Imaging
import TestSupport
import Testing

struct ImageFileTests {
    @Test(arguments: [
        "gray1", "gray2", "gray4", "gray8", "gray16", "gray-alpha8", "gray-alpha8-interlaced", "palette4", "palette4-trns",
        "rgb8", "rgb8-interlaced", "rgb16", "rgba8", "rgba8-interlaced", "rgba16", "texts", "orientation8",
    ])
    func readsEveryKindOfPNGAsPillowDoes(name: String) throws {
        let file = try ImageFile(path: Fixtures.path("\(name).png"))
        #expect(file.format == .png)
        #expect(file.image == (try Fixtures.pixels(name)))
    }

    /// Decoders may round the transform differently.
    @Test(arguments: ["rgb420", "rgb444", "progressive", "gray", "cmyk"] + (1...8).map { "orientation\($0)" })
    func readsEveryKindOfJPEGAsPillowDoes(name: String) throws {
        let file = try ImageFile(path: Fixtures.path("\(name).jpg"))
        let reference = try Fixtures.pixels(name.hasPrefix("orientation") ? "\(name)-jpg" : name)
        #expect(file.format == .jpeg)
        #expect(largestDifference(file.image, reference) <= 2)
    }

    @Test func readsPillowsTexts() throws {
        let metadata = try ImageFile(path: Fixtures.path("texts.png")).metadata
        #expect(
            metadata
                == ImageMetadata([
                    .init(key: "Software", text: "Glünt"),
                    .init(key: "Description", text: String(repeating: "one\ntwo\n", count: 20)),
                    .init(key: "prompt", text: "a 🦄 on blue\nsecond line"),
                    .init(key: "prompt", text: String(repeating: "日本語", count: 50)),
                ]))
        #expect(metadata["prompt"] == "a 🦄 on blue\nsecond line")
        #expect(metadata["seed"] == nil)
    }

    @Test func readsTextsBehindThePixels() throws {
        #expect(try ImageFile(path: Fixtures.path("text-after-data.png")).metadata == ["late": "yes"])
    }

    @Test func readsCommentsOfOthers() throws {
        #expect(try ImageFile(path: Fixtures.path("rgb444.jpg")).metadata == ["made by hand": "no, by Pillow"])
        #expect(try ImageFile(path: Fixtures.path("progressive.jpg")).metadata == ["Comment": "a plain comment é"])
        #expect(try ImageFile(path: Fixtures.path("orientation6.jpg")).metadata == [:])
    }

    @Test(arguments: PNGCompression.allCases, [(1, 1), (1, 9), (9, 1), (37, 23)])
    func pngKeepsEveryPixel(compression: PNGCompression, size: (Int, Int)) throws {
        let image = try Fixtures.noise(width: size.0, height: size.1)
        let file = try ImageFile(bytes: try image.encoded(as: .png(compression)), file: "a round trip")
        #expect(file.image == image)
    }

    @Test func compressionTradesTimeForSize() throws {
        let image = try Fixtures.gradient(width: 128, height: 128)
        let sizes = try PNGCompression.allCases.map { try image.encoded(as: .png($0)).count }
        #expect(sizes[0] > 128 * 128 * 3)
        #expect(sizes[1] < sizes[0] / 4)
        #expect(sizes[2] < sizes[1])
    }

    @Test func jpegIsCloseAndQualityMatters() throws {
        let image = try Fixtures.gradient(width: 61, height: 47)
        let ratios = try [40, 85, 95].map { quality in
            psnr(try ImageFile(bytes: try image.encoded(as: .jpeg(quality: quality)), file: "a round trip").image, image)
        }
        #expect(ratios[2] > 44)
        #expect(ratios == ratios.sorted())
        #expect(try image.encoded(as: .jpeg()) == (try image.encoded(as: .jpeg(quality: 95))))
    }

    /// In the frame header, the sampling factors follow each component's number.
    @Test(arguments: [(75, 0x22), (89, 0x22), (90, 0x11), (100, 0x11)])
    func fineQualityKeepsFullColour(quality: Int, sampling: UInt8) throws {
        let bytes = try Fixtures.gradient(width: 16, height: 16).encoded(as: .jpeg(quality: quality))
        let header = try #require((0..<bytes.count - 12).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
        #expect(bytes[header + 11] == sampling)
    }

    @Test(arguments: [0, -1, 101])
    func refusesAnImpossibleQuality(quality: Int) throws {
        let image = try RGBImage(width: 1, height: 1)
        #expect(throws: ImageError.quality(quality)) { try image.encoded(as: .jpeg(quality: quality)) }
    }

    @Test func refusesAPictureThatJPEGHasNoNumbersFor() throws {
        let image = try RGBImage(width: 65_501, height: 1)
        #expect { try image.encoded(as: .jpeg()) } throws: {
            guard case ImageError.cannotEncode(.jpeg, let reason) = $0 else { return false }
            return reason.contains("65500")
        }
        var limits = ImageLimits()
        limits.width = 65_501
        #expect(try ImageFile(bytes: try image.encoded(), file: "wide", limits: limits).image == image)
    }

    @Test func theNameDoesNotMatter() throws {
        try Fixtures.withFolder { folder in
            let image = try Fixtures.noise(width: 3, height: 2)
            try image.write(to: "\(folder)/a.jpg", as: .png())
            let file = try ImageFile(path: "\(folder)/a.jpg")
            #expect(file.format == .png)
            #expect(file.image == image)
        }
    }
}
