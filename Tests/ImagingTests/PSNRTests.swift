import Foundation
import Imaging
import TestSupport
import Testing

struct PSNRTests {
    @Test func knownRatios() throws {
        #expect(psnr([1, 2, 3], [1, 2, 3]) == .infinity)
        #expect(psnr([0, 0], [255, 255]) == 0)
        // One step everywhere: 20 · log10(255).
        #expect(abs(psnr([10, 20, 30], [11, 19, 31]) - 48.1308) < 1e-4)
        let image = try RGBImage(width: 2, height: 2)
        var other = image
        other[1, 1] = RGBPixel(red: 0, green: 7, blue: 0)
        #expect(largestDifference(image, other) == 7)
        #expect(abs(psnr(image, other) - 10 * log10(255 * 255 * 12 / 49)) < 1e-9)
    }

    @Test func otherSizesDifferAsMuchAsCanBe() throws {
        #expect(largestDifference(try RGBImage(width: 1, height: 2), try RGBImage(width: 2, height: 1)) == 256)
    }
}
