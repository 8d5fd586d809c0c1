import Imaging
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Imaging/make.py`, Pillow 13.0's GaussianBlur.
@Suite struct RGBImageBlurredTests {
    @Test func bytesArePillows() throws {
        let goldens = try PixelGoldens("blurred.safetensors")
        let names = goldens.names(after: "blurred.")
        try #require(names.count == 7)
        for name in names {
            let radius = try #require(Float(name))
            let (found, expected) = (
                try goldens.picture("picture").blurred(radius: radius), try goldens.picture("blurred.\(name)")
            )
            #expect(found == expected, "radius \(name): differs by \(largestDifference(found, expected))")
        }
    }

    @Test func onePixelStaysWhatItIs() throws {
        let picture = try RGBImage(width: 1, height: 1, bytes: [255, 7, 0])
        #expect(try picture.blurred(radius: 4096) == picture)
    }

    @Test(arguments: [-1, -0.001, 4097, .infinity, -.infinity, .nan] as [Float]) func radiiThatThereAreNot(_ radius: Float) throws
    {
        #expect(throws: ImageError.self) { try RGBImage(width: 2, height: 2).blurred(radius: radius) }
    }
}
