public import Architectures
public import Foundation
public import Imaging
import Inference
import ModelGraph
public import ModelLoading
import TensorStore

/// Checks pictures, one at a time.
final class SafetyChecker {
    private let processor: CLIPImageProcessor
    private let network: Executable

    init(_ model: SafetyCheckerModel, _ options: CompileOptions) throws {
        processor = model.processor
        network = try Executable("safety checker", Self.graph(model.network), options)
    }

    private static func graph(_ network: Network<StableDiffusionSafetyChecker>) throws -> SizedGraph {
        switch network.origin {
        case .checkpoint(let weights): SizedGraph(try network.architecture.graph(weights, batch: 1))
        case .graph(let graph): SizedGraph(graph)
        }
    }

    /// The network's input for a picture, `[1, 3, H, W]`.
    /// - Throws: `ImageError.size` where the short side of the scaled picture is too long.
    func prepared(_ image: RGBImage) throws -> Tensor { try processor(image) }

    /// - Parameter picture: the result of `prepared`.
    /// - Throws: `GenerationError.notFinite` where values of the output are infinite or NaN.
    func check(_ picture: Tensor) async throws -> SafetyVerdict {
        let outputs = try await network.run(["pixel_values": picture])
        let concepts = try outputs.required("concept_scores", of: network.name).elements(as: Float.self)
        let specialCare = try outputs.required("special_care_scores", of: network.name).elements(as: Float.self)
        guard (concepts + specialCare).allSatisfy(\.isFinite) else {
            throw GenerationError.notFinite(network: network.name, precision: network.options.namedPrecision.rawValue)
        }
        return SafetyVerdict(concepts: concepts, specialCare: specialCare)
    }

    func takeTimings() -> [NetworkTimings] { [network.takeTimings()].compactMap(\.self) }
}

extension RGBImage {
    /// A blurred copy to show instead of a flagged picture: it keeps the colours, but the content is not recognizable.
    public func blurredForSafety() throws(ImageError) -> RGBImage {
        try blurred(radius: min(Float(max(width, height)) / 10, 4096))
    }
}

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

/// The result of a safety checker for a picture.
public struct SafetyVerdict: Sendable, Equatable {
    /// The picture's score above each concept's threshold, to three decimals; a positive score means that it shows the concept.
    public let conceptScores: [Float]
    /// The same for special care concepts, which do not flag a picture, but raise the scores of the others.
    public let specialCareScores: [Float]

    /// Indices of the concepts that the picture shows, in the checkpoint's order.
    public var concepts: [Int] { conceptScores.indices.filter { conceptScores[$0] > 0 } }
    /// Indices of the special care concepts that the picture shows.
    public var specialCare: [Int] { specialCareScores.indices.filter { specialCareScores[$0] > 0 } }
    /// Whether the picture should not be shown.
    public var isFlagged: Bool { !concepts.isEmpty }

    /// Follows diffusers' `StableDiffusionSafetyChecker.forward`, in single precision: after the first special care concept in a
    /// picture, all later scores are raised by 0.01.
    /// - Parameters: cosines minus their thresholds, all finite.
    init(concepts: [Float], specialCare: [Float]) {
        var adjustment: Float = 0
        func rounded(_ score: Float) -> Float { ((score + adjustment) * 1000).rounded(.toNearestOrEven) / 1000 }
        var scores: [Float] = []
        for score in specialCare {
            scores.append(rounded(score))
            if scores[scores.count - 1] > 0 { adjustment = 0.01 }
        }
        specialCareScores = scores
        conceptScores = concepts.map { rounded($0) }
    }
}

/// An error in a model's safety checker.
public enum SafetyCheckerError: Error, Equatable, Sendable {
    /// The weights exist only as a PyTorch pickle.
    case pickledWeights(file: String)
    /// The preprocessed size differs from the network's input size, or the network does not take colour pictures.
    case pictureSize(width: Int, height: Int, imageSize: Int, channels: Int, file: String)
}

extension SafetyCheckerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .pickledWeights(let file):
            "The safety checker's weights are a pickle, \(file), which is not read here; put model.safetensors beside it, "
                + "or draw without the safety checker."
        case .pictureSize(let width, let height, let imageSize, let channels, let file):
            "\(file) prepares pictures of \(width)×\(height) in 3 channels; the safety checker takes \(imageSize)×\(imageSize) "
                + "in \(channels)."
        }
    }
}
