public import Architectures
public import Foundation
public import Imaging
public import ModelLoading
import TensorStore

/// A model's safety checker: configs in memory, weights mapped.
public struct SafetyCheckerModel: Sendable {
    public let network: Network<StableDiffusionSafetyChecker>
    public let processor: CLIPImageProcessor

    /// - Parameters:
    ///   - folder: `safety_checker`, with config.json and weights in safetensors.
    ///   - featureExtractor: `feature_extractor`, with preprocessor_config.json.
    /// - Throws: `SafetyCheckerError`; `FileError`, `ModelError`, `SafetensorsError`, `ArchitectureError`, `ImageError`, each
    ///   naming the file at fault.
    public init(folder: URL, featureExtractor: URL) throws {
        let config = folder.appending(path: "config.json")
        let architecture = try StableDiffusionSafetyChecker(JSONFile.read(config), file: config.path)
        let settings = featureExtractor.appending(path: "preprocessor_config.json")
        processor = try CLIPImageProcessor(JSONFile.read(settings), file: settings.path)
        let size = architecture.vision.config.imageSize
        let shape = try processor(RGBImage(width: size, height: size)).shape
        guard architecture.vision.config.numChannels == 3, shape == [1, 3, size, size] else {
            throw SafetyCheckerError.pictureSize(
                width: shape[3], height: shape[2], imageSize: size, channels: architecture.vision.config.numChannels,
                file: settings.path)
        }
        network = Network(architecture, .checkpoint(try Self.weights(folder)))
    }

    private static func weights(_ folder: URL) throws -> Weights {
        let component = Component(
            name: "safety_checker", library: "stable_diffusion", className: StableDiffusionSafetyChecker.className, folder: folder
        )
        do {
            return try component.weights()
        } catch let error as ModelError {
            guard case .noWeights(_, let found) = error, let pickle = found.first(where: { $0.hasSuffix(".bin") }) else {
                throw error
            }
            throw SafetyCheckerError.pickledWeights(file: folder.appending(path: pickle).path)
        }
    }
}
