import Imaging
import Testing

struct RGBImageTests {
    @Test func pixelsLieInRowsFromTheTop() throws {
        let image = try RGBImage(width: 2, height: 3, bytes: Array(0..<18))
        #expect(image[0, 0] == RGBPixel(red: 0, green: 1, blue: 2))
        #expect(image[1, 0] == RGBPixel(red: 3, green: 4, blue: 5))
        #expect(image[1, 2] == RGBPixel(red: 15, green: 16, blue: 17))
    }

    @Test func writingAPixelLeavesCopiesAlone() throws {
        let original = try RGBImage(width: 2, height: 2, filledWith: RGBPixel(red: 9, green: 8, blue: 7))
        var copy = original
        copy[1, 0] = RGBPixel(red: 1, green: 2, blue: 3)
        #expect(original.bytes == [9, 8, 7, 9, 8, 7, 9, 8, 7, 9, 8, 7])
        #expect(copy.bytes == [9, 8, 7, 1, 2, 3, 9, 8, 7, 9, 8, 7])
    }

    @Test func refusesAnotherNumberOfBytes() {
        #expect(throws: ImageError.size(width: 2, height: 2, expected: 12, found: 11)) {
            try RGBImage(width: 2, height: 2, bytes: Array(repeating: 0, count: 11))
        }
    }

    @Test(arguments: [(0, 1), (1, 0), (-1, -1), (Int.max, 2), (Int.max / 4, 1), (.min, .min)])
    func refusesImpossibleSizes(width: Int, height: Int) {
        #expect(throws: ImageError.size(width: width, height: height, expected: nil, found: 0)) {
            try RGBImage(width: width, height: height, bytes: [])
        }
        #expect(throws: ImageError.size(width: width, height: height, expected: nil, found: 0)) {
            try RGBImage(width: width, height: height)
        }
    }
}
