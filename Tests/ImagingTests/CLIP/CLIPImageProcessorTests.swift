import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Architectures/clip-vision/make.py`, transformers' CLIPImageProcessor with Pillow.
@Suite struct CLIPImageProcessorTests {
    @Test(arguments: ["smaller", "larger", "padded", "exact", "plain"]) func samplesAreTransformers(_ name: String) throws {
        let goldens = try SafetensorsCheckpoint(path: Goldens.url("Architectures/clip-vision/preparation.safetensors").path)
        let options = try JSONValue(parsing: Data(contentsOf: Goldens.url("Architectures/clip-vision/\(name).json")))
        let picture = try goldens.tensor(named: "\(name).picture")
        let image = try RGBImage(width: picture.shape[1], height: picture.shape[0], bytes: picture.elements())
        let found = try CLIPImageProcessor(options, file: name)(image)
        let expected = try goldens.tensor(named: "\(name).samples")
        #expect(found.shape == expected.shape)
        // All bytes are equal before scaling: a difference of one would be 0.015 of the largest value.
        try expectClose(found, expected, tolerance: 1e-6, name)
    }

    @Test func settingsOfOlderFiles() throws {
        func read(_ text: String) throws -> CLIPImageProcessor {
            try CLIPImageProcessor(JSONValue(parsing: text.utf8), file: "x.json")
        }
        #expect(try read("{}") == CLIPImageProcessor())
        #expect(try read(#"{"size": 17, "crop_size": 17, "do_rescale": null, "resample": 3}"#).size == .shortestEdge(17))
        #expect(try read(#"{"size": 17, "crop_size": 13}"#).crop?.width == 13)
        #expect(try read(#"{"do_resize": false, "resample": 9}"#).size == nil)
        #expect(try read(#"{"resample": 1}"#).filter == .lanczos)
    }

    @Test(arguments: [
        (#"{"resample": 6}"#, "resample"), (#"{"resample": -1}"#, "resample"), (#"{"resample": "bicubic"}"#, "resample"),
        (#"{"size": 0}"#, "size"), (#"{"size": {"height": 3}}"#, "size"),
        (#"{"size": {"shortest_edge": 3, "longest_edge": 9}}"#, "longest_edge"), (#"{"crop_size": "large"}"#, "crop_size"),
        (#"{"image_mean": [1, 2]}"#, "image_mean"), (#"{"image_std": [1, 0, 1]}"#, "image_std"),
        (#"{"do_resize": 1}"#, "do_resize"),
        (#"{"rescale_factor": "x"}"#, "rescale_factor"),
    ]) func badSettingsAreRefused(_ text: String, _ complaint: String) throws {
        let values = try JSONValue(parsing: text.utf8)
        let error = #expect(throws: ImageError.self) { try CLIPImageProcessor(values, file: "settings.json") }
        #expect(error?.description.contains(complaint) == true && error?.description.hasPrefix("settings.json") == true)
    }

    @Test(arguments: [(0, 3), (3, -1), (.max, .max)]) func cutsThatThereAreNot(_ height: Int, _ width: Int) throws {
        var processor = CLIPImageProcessor()
        processor.crop = (height, width)
        #expect(throws: ImageError.self) { try processor(RGBImage(width: 3, height: 3)) }
    }

    /// Any file is either refused, or pictures can be prepared with its settings.
    @Test func damagedSettingsAreHarmless() throws {
        let text = #"""
            {"size": {"shortest_edge": 9}, "crop_size": {"height": 7, "width": 8}, "resample": 3, "do_resize": true,
            "image_mean": [0.5, 0.5, 0.4], "image_std": [0.2, 0.3, 0.4], "rescale_factor": 0.5}
            """#
        let settings = Array(text.utf8)
        let picture = try Fixtures.noise(width: 5, height: 4)
        var generator = SplitMix64(state: 3)
        var accepted = 0
        for _ in 0..<3000 {
            var bytes = settings
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = settings.randomElement(using: &generator) ?? 0
            }
            guard let values = try? JSONValue(parsing: bytes) else { continue }
            do throws(ImageError) {
                let processor = try CLIPImageProcessor(values, file: "settings.json")
                let isSmall = (processor.crop.map { $0.height * $0.width } ?? 0) < 10_000
                guard isSmall, processor.size == .shortestEdge(9) else { continue }
                #expect((try? processor(picture))?.shape.first == 1)
                accepted += 1
            } catch {
                #expect(error.description.hasPrefix("settings.json"))
            }
        }
        #expect(accepted > 100)
    }
}
