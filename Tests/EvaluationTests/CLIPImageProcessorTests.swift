import Evaluation
import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/clip_vision/make.py`, transformers' CLIPImageProcessor with Pillow.
@Suite struct CLIPImageProcessorTests {
    @Test(arguments: ["smaller", "larger", "padded", "exact", "plain"]) func samplesAreTransformers(_ name: String) throws {
        let goldens = try SafetensorsCheckpoint(path: Goldens.url("clip_vision/preparation.safetensors").path)
        let options = try JSONValue(parsing: Data(contentsOf: Goldens.url("clip_vision/\(name).json")))
        let picture = try goldens.tensor(named: "\(name).picture")
        let image = try RGBImage(width: picture.shape[1], height: picture.shape[0], bytes: picture.elements())
        let found = try CLIPImageProcessor(options, file: name)(image)
        let expected = try goldens.tensor(named: "\(name).samples")
        #expect(found.shape == expected.shape)
        // Not one byte differs before scaling; one would by 0.015 of the largest.
        try expectClose(found, expected, tolerance: 1e-6, name)
    }

    @Test func settingsOfOlderFiles() throws {
        func read(_ text: String) throws -> CLIPImageProcessor {
            try CLIPImageProcessor(JSONValue(parsing: text.utf8), file: "x.json")
        }
        #expect(try read("{}") == CLIPImageProcessor())
        #expect(try read(#"{"size": 17, "crop_size": 17, "do_rescale": null, "resample": 3}"#).size == .shortestEdge(17))
        #expect(try read(#"{"size": 17, "crop_size": 13}"#).crop?.width == 13)
        #expect(try read(#"{"do_resize": false, "resample": 2}"#).size == nil)
    }

    @Test(arguments: [
        (#"{"resample": 2}"#, "resample"), (#"{"size": 0}"#, "size"), (#"{"size": {"height": 3}}"#, "size"),
        (#"{"size": {"shortest_edge": 3, "longest_edge": 9}}"#, "longest_edge"), (#"{"crop_size": "large"}"#, "crop_size"),
        (#"{"image_mean": [1, 2]}"#, "image_mean"), (#"{"image_std": [1, 0, 1]}"#, "image_std"),
        (#"{"do_resize": 1}"#, "do_resize"),
        (#"{"rescale_factor": "x"}"#, "rescale_factor"),
    ]) func badSettingsAreRefused(_ text: String, _ complaint: String) throws {
        let values = try JSONValue(parsing: text.utf8)
        let error = #expect(throws: EvaluationError.self) { try CLIPImageProcessor(values, file: "settings.json") }
        #expect(error?.description.contains(complaint) == true && error?.description.hasPrefix("settings.json") == true)
    }

    @Test func sizesThatThereAreNot() throws {
        #expect(throws: ImageError.self) { try RGBImage(width: 3, height: 3).resizedBicubic(width: 0, height: 4) }
        let picture = try RGBImage(width: 3, height: 5, filledWith: RGBPixel(red: 1, green: 2, blue: 3))
        #expect(try picture.resizedBicubic(width: 3, height: 5) == picture)
    }
}
