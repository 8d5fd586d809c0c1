@testable import Diffusion
import Foundation
import Imaging
import Inference
import ModelLoading
import TensorStore
import TestSupport
import Testing

@Suite struct SafetyCheckerTests {
    /// The same decision from the same scores, as all are rounded to three decimals.
    @Test func verdictsAreDiffusers() async throws {
        let checker = try SafetyChecker(SafetyGoldens.model(), CompileOptions())
        for name in SafetyGoldens.names {
            let found = try await checker.check(checker.prepared(SafetyGoldens.picture(name)))
            let expected = try SafetyGoldens.Verdict(name)
            #expect(found.isFlagged == expected.isFlagged, "\(name)")
            #expect(found.conceptScores == expected.conceptScores, "\(name)")
            #expect(found.specialCareScores == expected.specialCareScores, "\(name)")
        }
        #expect(checker.takeTimings().first?.runs.count == 3)
    }

    @Test func picturesArePreparedAsTransformersDoes() throws {
        let golden = try SafetensorsCheckpoint(path: Goldens.url("safety/golden.safetensors").path).tensor(named: "pixel_values")
        let processor = try SafetyGoldens.model().processor
        let found = try SafetyGoldens.names.flatMap { name in
            try processor(SafetyGoldens.picture(name)).elements(as: Float.self)
        }
        expectClose(found, try golden.elements(), tolerance: 1e-6)
    }

    /// NaN is above nothing, and so would pass for harmless.
    @Test func numbersThatAreNoneGiveNoVerdict() async throws {
        let folder = try TemporaryFolder()
        let published = try Data(contentsOf: SafetyGoldens.checker.appending(path: "model.safetensors"))
        let checkpoint = try SafetensorsCheckpoint(path: SafetyGoldens.checker.appending(path: "model.safetensors").path)
        let entry = try #require(checkpoint.entries["visual_projection.weight"])
        var damaged = published
        // f16: all exponent bits and one of the fraction's.
        damaged[damaged.startIndex + entry.offset] = 0x01
        damaged[damaged.startIndex + entry.offset + 1] = 0x7E
        try folder.write("model.safetensors", damaged)
        try folder.write("config.json", Data(contentsOf: SafetyGoldens.checker.appending(path: "config.json")))
        let model = try SafetyCheckerModel(folder: folder.url, featureExtractor: SafetyGoldens.featureExtractor)
        let checker = try SafetyChecker(model, CompileOptions())
        await #expect(throws: GenerationError.notFinite(network: "safety checker", precision: "f32")) {
            try await checker.check(checker.prepared(SafetyGoldens.picture("harmless")))
        }
    }

    @Test(arguments: [(1, 1), (64, 40), (3, 90)]) func nothingIsMadeOutInWhatIsBlurred(_ width: Int, _ height: Int) throws {
        var picture = try RGBImage(width: width, height: height)
        for y in 0..<height {
            for x in 0..<width where (x / 4 + y / 4) % 2 == 0 { picture[x, y] = RGBPixel(red: 255, green: 255, blue: 255) }
        }
        let blurred = try picture.blurredForSafety()
        #expect(blurred.width == width && blurred.height == height)
        guard min(width, height) > 8 else { return }
        let inner = (height / 4..<height * 3 / 4).flatMap { y in (width / 4..<width * 3 / 4).map { blurred[$0, y].red } }
        #expect((inner.max() ?? 0) - (inner.min() ?? 0) < 16)
    }
}
