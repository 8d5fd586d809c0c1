import Architectures
import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore
import TestSupport
import Testing

@Suite struct SafetyCheckerModelTests {
    /// The golden's config alone.
    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("config.json", Data(contentsOf: SafetyGoldens.checker.appending(path: "config.json")))
        return folder
    }

    @Test func halfPrecisionVariantsAreTaken() throws {
        let folder = try folder()
        try folder.write("model.fp16.safetensors", Data(contentsOf: SafetyGoldens.checker.appending(path: "model.safetensors")))
        let model = try SafetyCheckerModel(folder: folder.url, featureExtractor: SafetyGoldens.featureExtractor)
        guard case .checkpoint(let weights) = model.network.origin else {
            Issue.record("no checkpoint")
            return
        }
        #expect(weights.contains("concept_embeds"))
    }

    @Test func picklesAreRefusedByName() throws {
        let folder = try folder()
        try folder.write("pytorch_model.bin", "PK")
        let file = folder.url.appending(path: "pytorch_model.bin").path
        let error = #expect(throws: SafetyCheckerError.self) {
            try SafetyCheckerModel(folder: folder.url, featureExtractor: SafetyGoldens.featureExtractor)
        }
        #expect(error == .pickledWeights(file: file))
        #expect(error?.description.contains("model.safetensors") == true)
    }

    @Test func noWeightsAtAllAreRefusedToo() throws {
        let folder = try folder()
        let error = #expect(throws: ModelError.self) {
            try SafetyCheckerModel(folder: folder.url, featureExtractor: SafetyGoldens.featureExtractor)
        }
        #expect(error?.description.contains(folder.path) == true)
    }

    @Test(arguments: [
        (#"{"size": 17, "crop_size": 16}"#, 16, 16), (#"{"size": 17, "crop_size": {"height": 17, "width": 19}}"#, 19, 17),
        (#"{"size": {"height": 18, "width": 17}, "do_center_crop": false}"#, 17, 18),
    ]) func otherSizesAreRefused(_ settings: String, _ width: Int, _ height: Int) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("preprocessor_config.json", settings)
        let error = SafetyCheckerError.pictureSize(width: width, height: height, imageSize: 17, channels: 3, file: file.path)
        #expect(throws: error) { try SafetyCheckerModel(folder: SafetyGoldens.checker, featureExtractor: folder.url) }
        #expect(error.description.contains("17×17") && error.description.contains("\(width)×\(height)"))
    }

    @Test(arguments: [#"{"resample": 77}"#, "{", "", #"{"size": []}"#]) func badSettingsAreRefused(_ settings: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("preprocessor_config.json", settings)
        let error = #expect(throws: (any Error).self) {
            try SafetyCheckerModel(folder: SafetyGoldens.checker, featureExtractor: folder.url)
        }
        #expect("\(String(describing: error))".contains("preprocessor_config.json"))
    }

    @Test func missingPartsAreNamed() throws {
        let empty = try TemporaryFolder()
        for (checker, extractor) in [(empty.url, SafetyGoldens.featureExtractor), (SafetyGoldens.checker, empty.url)] {
            let error = #expect(throws: FileError.self) {
                try SafetyCheckerModel(folder: checker, featureExtractor: extractor)
            }
            #expect(error?.description.contains(empty.path) == true)
        }
    }
}
