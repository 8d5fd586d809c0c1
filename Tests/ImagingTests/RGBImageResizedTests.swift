import Imaging
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Imaging/make.py`, Pillow 13.0 and diffusers' VaeImageProcessor.
@Suite struct RGBImageResizedTests {
    @Test(arguments: ResamplingFilter.allCases, ["picture", "tall"]) func bytesArePillows(
        _ filter: ResamplingFilter, _ name: String
    ) throws {
        let goldens = try PixelGoldens("resized.safetensors")
        let picture = try goldens.picture(name)
        let names = goldens.names(after: "\(name).\(filter).")
        try #require(names.count >= 2)
        for size in names {
            let expected = try goldens.picture("\(name).\(filter).\(size)")
            let found = try picture.resized(width: expected.width, height: expected.height, filter: filter)
            #expect(found == expected, "\(size): differs by \(largestDifference(found, expected))")
        }
    }

    @Test(arguments: ResamplingFilter.allCases) func grayBytesArePillows(_ filter: ResamplingFilter) throws {
        let goldens = try PixelGoldens("resized.safetensors")
        #expect(try GrayImage(goldens.picture("picture")) == goldens.gray("gray"))
        for size in ["11x9", "22x5"] {
            let expected = try goldens.gray("gray.\(filter).\(size)")
            let found = try goldens.gray("gray").resized(width: expected.width, height: expected.height, filter: filter)
            #expect(found == expected, "\(size)")
        }
    }

    @Test func samplesForAutoencodersAreDiffusers() throws {
        let goldens = try PixelGoldens("resized.safetensors")
        let picture = try goldens.picture("picture")
        let own = try picture.resized(toMultipleOf: 8)
        #expect(own.width == 24 && own.height == 16)
        let given = try picture.resized(toMultipleOf: 8, width: 14, height: 33)
        for (image, name) in [(own, "own"), (given, "given")] {
            let (found, expected) = (try image.planar(range: .signed), try goldens.tensor("planar.\(name)"))
            #expect(found.shape == expected.shape)
            try expectClose(found, expected, tolerance: 0, name)
        }
    }

    @Test(arguments: ResamplingFilter.allCases) func itsOwnSizeChangesNothing(_ filter: ResamplingFilter) throws {
        let picture = try Fixtures.noise(width: 5, height: 3)
        #expect(try picture.resized(width: 5, height: 3, filter: filter) == picture)
    }

    @Test(arguments: ResamplingFilter.allCases) func oneColourStaysWhatItIs(_ filter: ResamplingFilter) throws {
        let color = RGBPixel(red: 3, green: 128, blue: 255)
        let picture = try RGBImage(width: 31, height: 7, filledWith: color)
        for (width, height) in [(1, 1), (2, 40), (90, 3), (30, 8)] {
            let expected = try RGBImage(width: width, height: height, filledWith: color)
            #expect(try picture.resized(width: width, height: height, filter: filter) == expected)
        }
    }

    @Test(arguments: [(0, 4), (4, 0), (-1, 4), (.min, .max), (.max, .max), (1, 32769), (32768, 32768)])
    func sizesThatThereAreNot(_ width: Int, _ height: Int) throws {
        let picture = try RGBImage(width: 3, height: 3)
        for filter in ResamplingFilter.allCases {
            #expect(throws: ImageError.size(width: width, height: height, expected: nil, found: 0)) {
                try picture.resized(width: width, height: height, filter: filter)
            }
        }
    }

    @Test(arguments: [(8, nil, nil), (2, 1, nil), (2, nil, 1), (0, nil, nil), (-8, nil, nil), (2, -4, -4)])
    func multiplesThatDoNotFit(_ multiple: Int, _ width: Int?, _ height: Int?) throws {
        #expect(throws: ImageError.self) {
            try RGBImage(width: 9, height: 7).resized(toMultipleOf: multiple, width: width, height: height)
        }
    }
}
