import Foundation
import Imaging
import Testing

struct RGBImagePlanarTests {
    /// The f32 numbers nearest to (k + 1/2) / 255 for all k, their neighbours, and signed samples with infinities.
    @Test(arguments: ["unit0", "unit1", "unit2", "unit3", "signed"])
    func bytesAreThoseOfDiffusers(name: String) throws {
        let bytes = try Fixtures.bytes("\(name).f32")
        let samples = bytes.withUnsafeBytes { buffer in
            stride(from: 0, to: buffer.count, by: 4).map {
                Float(bitPattern: UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: $0, as: UInt32.self)))
            }
        }
        let expected = try Fixtures.pixels(name)
        let range: SampleRange = name == "signed" ? .signed : .unit
        let found = try RGBImage(planar: samples, width: expected.width, height: expected.height, range: range)
        #expect(found == expected)
    }

    @Test func tiesGoToTheEvenNeighbour() throws {
        let near = (0..<255).map { Float((Double($0) + 0.5) / 255) }
        let ties = near.filter { ($0 * 255).truncatingRemainder(dividingBy: 1) == 0.5 }
        try #require(ties.count > 100)
        let image = try RGBImage(planar: ties + ties + ties, width: ties.count, height: 1, range: .unit)
        for (x, tie) in ties.enumerated() {
            let expected = UInt8((tie * 255).rounded(.toNearestOrEven))
            #expect(expected.isMultiple(of: 2))
            #expect(image[x, 0] == RGBPixel(red: expected, green: expected, blue: expected))
        }
    }

    @Test func everySampleRoundsAsTheStandardLibraryDoes() throws {
        let samples = (0..<(3 << 16)).map { Float($0) / Float(3 << 16) * 1.2 - 0.1 }
        let image = try RGBImage(planar: samples, width: 256, height: 256, range: .unit)
        let wrong = samples.indices.filter { index in
            let (channel, pixel) = index.quotientAndRemainder(dividingBy: 1 << 16)
            let clamped = min(max(samples[index], 0), 1)
            return image.bytes[pixel * 3 + channel] != UInt8((clamped * 255).rounded(.toNearestOrEven))
        }
        #expect(wrong == [])
    }

    @Test func namesTheSampleThatIsNotANumber() {
        var samples = [Float](repeating: 0, count: 3 * 2 * 4)
        samples[2 * 8 + 5] = .nan
        samples[2 * 8 + 6] = .nan
        #expect(throws: ImageError.notANumber(x: 1, y: 1, channel: 2)) {
            try RGBImage(planar: samples, width: 4, height: 2, range: .signed)
        }
    }

    @Test func refusesAnotherNumberOfSamples() {
        #expect(throws: ImageError.size(width: 4, height: 2, expected: 24, found: 23)) {
            try RGBImage(planar: [Float](repeating: 0, count: 23), width: 4, height: 2, range: .unit)
        }
    }
}
