@testable import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// `Tests/Goldens/Architectures/safety/make.py`: diffusers' StableDiffusionSafetyChecker and transformers' CLIPImageProcessorPil.
enum SafetyGoldens {
    static let names = ["harmless", "flagged", "special"]
    static let checker = Goldens.url("Architectures/safety/safety_checker")
    static let featureExtractor = Goldens.url("Architectures/safety/feature_extractor")

    static func model() throws -> SafetyCheckerModel {
        try SafetyCheckerModel(folder: checker, featureExtractor: featureExtractor)
    }

    static func picture(_ name: String) throws -> RGBImage {
        let tensor = try SafetensorsCheckpoint(path: Goldens.url("Architectures/safety/pictures.safetensors").path).tensor(
            named: name)
        return try RGBImage(width: tensor.shape[1], height: tensor.shape[0], bytes: tensor.elements())
    }

    /// What diffusers decides, and the scores that it decides by.
    struct Verdict {
        let isFlagged: Bool
        let conceptScores: [Float]
        let specialCareScores: [Float]

        init(_ name: String) throws {
            let verdict = try #require(JSONFile.read(Goldens.url("Architectures/safety/verdicts.json"))[name])
            func scores(_ name: String) throws -> [Float] {
                try #require(verdict[name]?.array).map { Float(try #require($0.double)) }
            }
            isFlagged = try #require(verdict["flagged"]?.bool as Bool?)
            conceptScores = try scores("concept_scores")
            specialCareScores = try scores("special_care_scores")
        }
    }
}
