import Diffusion
import Foundation
import Imaging
import TensorStore

/// All that draws a picture again; what a picture's file carries.
struct Recipe: Codable, Sendable {
    var prompt = ""
    /// As it was given; nil for the repository's model.
    var model: String?
    /// Where the UNet in floating point is, for steps of mixed precision; nil for what the model was quantized from.
    var floatModel: String?
    /// Steps in floating point at either end, or a letter for each step; nil for the model's UNet in all steps.
    var precision: String?
    var steps = 4
    var guidanceScale = 8.0
    var width: Int?
    var height: Int?
    var seed = UInt64(UInt32.random(in: 0...UInt32.max))
    /// `torch`, `numpy`, or the path of a .npy file.
    var noise = GenerationRequest.Generator.torch.rawValue

    /// Under this key the recipe stands in a picture's metadata, as JSON.
    static let metadataKey = "glint"

    init() {}

    /// The recipe in the metadata of a picture.
    init(pictureAt path: String) throws {
        let file = try ImageFile(path: path)
        guard let text = file.metadata[Self.metadataKey] else { throw RecipeError.none(picture: path) }
        do {
            self = try JSONDecoder().decode(Recipe.self, from: Data(text.utf8))
        } catch {
            throw RecipeError.unreadable(picture: path)
        }
    }

    /// Metadata of a picture: the recipe, and under the key that other programs read it the same in their notation.
    func metadata(for picture: GeneratedPicture) throws -> ImageMetadata {
        var own = self
        own.seed = picture.seed ?? seed
        (own.width, own.height) = (picture.image.width, picture.image.height)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let parameters =
            "\(prompt)\nSteps: \(steps), Sampler: LCM, CFG scale: \(guidanceScale), Seed: \(own.seed), "
            + "Size: \(picture.image.width)x\(picture.image.height), Version: glint"
        return [Self.metadataKey: String(decoding: try encoder.encode(own), as: UTF8.self), "parameters": parameters]
    }

    func request(count: Int) throws -> GenerationRequest {
        GenerationRequest(
            prompts: [prompt], width: width, height: height, numInferenceSteps: steps, guidanceScale: guidanceScale,
            imagesPerPrompt: count, noise: try noiseSource(),
            precision: try precision.map { try PrecisionSchedule(argument: $0) } ?? .uniform)
    }

    private func noiseSource() throws -> GenerationRequest.Noise {
        if let generator = GenerationRequest.Generator(rawValue: noise) { return .seedPerPicture(first: seed, generator) }
        guard noise.hasSuffix(".npy") else { throw RecipeError.noise(noise) }
        return .tensor(try NumpyFile.read(noise), file: noise, seed: seed, .torch)
    }
}

enum RecipeError: Error, CustomStringConvertible {
    case none(picture: String)
    case unreadable(picture: String)
    case noise(String)

    var description: String {
        switch self {
        case .none(let picture): "\(picture) does not say how it was drawn; only pictures that glint drew can be redrawn."
        case .unreadable(let picture): "\(picture) says in a form unknown to this version how it was drawn."
        case .noise(let value): "--noise must be torch, numpy or a file ending in .npy; it is '\(value)'."
        }
    }
}
