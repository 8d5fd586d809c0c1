import Foundation
import Imaging

/// All that draws a picture again; what a picture's file carries. What is nil is by default, or there is none.
struct Recipe: Codable, Sendable, Equatable {
    var prompt = ""
    var negativePrompt: String?
    /// As it was given; nil for the repository's model.
    var model: String?
    /// Where the UNet in floating point is, for steps of mixed precision; nil for what the model was quantized from.
    var floatModel: String?
    var vae: String?
    /// `FILE[:scale]` each.
    var loras: [String]?
    var loraLenient: Bool?
    /// `FILE[:word]` each.
    var embeddings: [String]?
    /// Steps in floating point at either end, or a letter for each step; nil for the model's UNet in all steps.
    var precision: String?
    var steps: Int?
    var guidanceScale: Double?
    var guidanceRescale: Double?
    var scheduler: String?
    var timestepSpacing: String?
    var predictionType: String?
    var eta: Double?
    var clipSkip: Int?
    var promptMode: String?
    var width: Int?
    var height: Int?
    /// Paths of the picture to begin with and of its mask.
    var image: String?
    var mask: String?
    var strength: Double?
    var seed = UInt64(UInt32.random(in: 0...UInt32.max))
    /// `torch`, `numpy`, or the path of a .npy file.
    var noise = "torch"
    var safety: Bool?

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

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

enum RecipeError: Error, CustomStringConvertible {
    case none(picture: String)
    case unreadable(picture: String)
    case noise(String)
    case value(option: String, found: String)
    /// An option that says how a picture to begin with is used, where there is none.
    case needsImage(option: String)
    /// The scheduler adds no noise that could be set.
    case eta(scheduler: String)

    var description: String {
        switch self {
        case .none(let picture): "\(picture) does not say how it was drawn; only pictures that glint drew can be redrawn."
        case .unreadable(let picture): "\(picture) says in a form unknown to this version how it was drawn."
        case .noise(let value): "--noise must be torch, numpy or a file ending in .npy; it is '\(value)'."
        case .value(let option, let found): "\(option) can't be '\(found)'."
        case .needsImage(let option): "The \(option) says how a picture to begin with is used, and there is none."
        case .eta(let scheduler): "--eta is for DDIM and TCD; \(scheduler) has none."
        }
    }
}
