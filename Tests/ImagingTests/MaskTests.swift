import Imaging
import TensorStore
import Testing
import TestSupport

/// Goldens: `Tests/Goldens/Imaging/make.py`, diffusers' `load_image` and `mask_processor`, torch's `interpolate`.
@Suite struct MaskTests {
    @Test(arguments: ["gray", "rgb", "rgba", "1bit", "palette"]) func masksAreDiffusers(_ kind: String) throws {
        let goldens = try PixelGoldens("masks.safetensors")
        let image = try ImageFile(path: Fixtures.path("mask-\(kind).png")).image
        let mask = try Mask(image, width: 32, height: 24)
        #expect(try mask.isRedrawn == goldens.tensor("\(kind).mask").elements(as: UInt8.self).map { $0 == 1 })
        #expect(!mask.isEmpty && mask.isRedrawn.contains(false))
        for size in ["3x4", "5x7", "24x32", "50x33"] {
            let expected = try goldens.tensor("\(kind).latents.\(size)")
            let found = try mask.latents(height: expected.shape[2], width: expected.shape[3])
            #expect(found.shape == expected.shape)
            #expect(try found.elements(as: Float.self) == expected.elements(as: UInt8.self).map(Float.init), "\(size)")
        }
    }

    @Test func whatIsKeptIsDiffusers() throws {
        let goldens = try PixelGoldens("masks.safetensors")
        let mask = try Mask(ImageFile(path: Fixtures.path("mask-rgb.png")).image, width: 32, height: 24)
        let kept = try mask.kept(of: goldens.picture("picture").planar(range: .signed))
        let expected = try goldens.tensor("rgb.kept")
        #expect(kept.shape == expected.shape)
        #expect(try kept.elements(as: Float.self) == expected.elements(as: Float.self))
    }

    @Test func halfWhiteIsDrawnAnew() throws {
        let mask = Mask(try GrayImage(width: 4, height: 1, bytes: [0, 127, 128, 255]))
        #expect(mask.isRedrawn == [false, false, true, true])
        #expect(Mask(try GrayImage(width: 1, height: 1, bytes: [127])).isEmpty)
    }

    @Test(arguments: [(0, 4), (4, 0), (-1, 1), (.max, .max), (1 << 40, 1), (1, 1 << 40)]) func latentsThatThereAreNot(
        _ height: Int, _ width: Int
    ) throws {
        let mask = try Mask(width: 1, height: 1, isRedrawn: [true])
        #expect(throws: (any Error).self) { try mask.latents(height: height, width: width) }
    }

    @Test(arguments: [[1, 3, 2, 3], [6], [], [1, 3, 3, 3], [3, 2, 3]]) func samplesThatDoNotFit(_ shape: [Int]) throws {
        let mask = try Mask(width: 2, height: 3, isRedrawn: Array(repeating: true, count: 6))
        let error = #expect(throws: ImageError.self) { try mask.kept(of: Tensor(zeros: Shape(shape))) }
        #expect(error == .maskSize(width: 2, height: 3, samples: shape))
    }

    @Test func otherNumbersOfPixelsAreRefused() {
        #expect(throws: ImageError.size(width: 2, height: 2, expected: 4, found: 3)) {
            try Mask(width: 2, height: 2, isRedrawn: [true, true, false])
        }
    }
}

@Suite struct GrayImageTests {
    @Test func graysStayWhatTheyAre() throws {
        let grays = (0...255).map { UInt8($0) }
        let picture = try RGBImage(width: 16, height: 16, bytes: grays.flatMap { [$0, $0, $0] })
        #expect(GrayImage(picture).bytes == grays)
    }

    @Test func coloursWeighAsMuchAsTheyAreBright() throws {
        let picture = try RGBImage(width: 3, height: 1, bytes: [255, 0, 0, 0, 255, 0, 0, 0, 255])
        #expect(GrayImage(picture).bytes == [76, 150, 29])
    }

    @Test(arguments: [(0, 1, 0), (2, 2, 3), (-1, -1, 1), (.max, .max, 1), (2, 2, 12)])
    func otherNumbersOfBytesAreRefused(_ width: Int, _ height: Int, _ count: Int) {
        #expect(throws: ImageError.self) {
            try GrayImage(width: width, height: height, bytes: [UInt8](repeating: 0, count: count))
        }
    }
}
