public import Diffusion
import Foundation
public import Imaging
import Inference
import TensorStore

extension GenerationDescription {
    /// The metadata key of a picture's description in JSON.
    public static let metadataKey = "glint"

    /// The description in the metadata of a picture, with paths to where its files are now.
    /// - Parameter note: called with a note, and the path that it is on, for each file that is elsewhere or has changed.
    /// - Throws: `PictureMetadataError`; `ImageError`, `FileError` for a file that is not a picture.
    public init(pictureAt path: String, note: (_ text: String, _ path: String) -> Void = { _, _ in }) throws {
        let (description, notes) = try GenerationDescription(recordedIn: path).locatingFiles(picture: path)
        self = description
        for (path, text) in notes { note(text, path) }
    }

    /// The description in the metadata of a picture as it is.
    init(recordedIn path: String) throws {
        let file = try ImageFile(path: path)
        guard let text = file.metadata[Self.metadataKey] else { throw PictureMetadataError.none(picture: path) }
        do {
            self = try JSONDecoder().decode(GenerationDescription.self, from: Data(text.utf8))
            // Earlier versions drew in f32 unless they were told otherwise.
            model.inferencePrecision = model.inferencePrecision ?? .f32
        } catch let error as OptionError {
            throw PictureMetadataError.unreadable(picture: path, reason: "\(error)")
        } catch {
            throw PictureMetadataError.unreadable(picture: path, reason: "it is not JSON.")
        }
    }

    /// The description of one picture of a request, which draws the same picture alone.
    /// - Parameter resolved: the resolved request that drew it.
    public func drawn(_ picture: GeneratedPicture, _ resolved: ResolvedRequest) -> GenerationDescription {
        var own = self
        own.request = resolved.request
        own.request.prompts = [picture.prompt]
        own.request.seed = picture.seed ?? own.request.seed
        own.model.inferencePrecision = picture.precision
        (own.request.width, own.request.height) = (picture.image.width, picture.image.height)
        // These options do not change a picture.
        (own.request.imagesPerPrompt, own.request.batchSize, own.request.previewInterval) = (1, 1, nil)
        return own
    }

    /// The metadata of a picture with this description: the description itself, and the same in the key and notation of other
    /// programs.
    /// - Parameter className: the class of the picture's scheduler.
    public func metadata(scheduler className: String) throws -> ImageMetadata {
        var lines = [request.prompts.first ?? ""]
        if let negative = request.negativePrompt, !negative.isEmpty { lines.append("Negative prompt: \(negative)") }
        let name = if case .named(let name) = request.scheduler { name } else { className }
        var parts = ["Steps: \(request.numInferenceSteps ?? 0)", "Sampler: \(name.replacing("Scheduler", with: ""))"]
        parts += ["CFG scale: \(request.guidanceScale ?? 0)", "Seed: \(request.seed)"]
        parts += ["Size: \(request.width ?? 0)x\(request.height ?? 0)"]
        if let clipSkip = request.clipSkip { parts.append("Clip skip: \(clipSkip.layers + 1)") }
        if let strength = request.strength { parts.append("Denoising strength: \(strength)") }
        lines.append((parts + ["Version: glint"]).joined(separator: ", "))
        return [Self.metadataKey: try json, "parameters": lines.joined(separator: "\n")]
    }

    /// The description with the fingerprints of its files in place of their paths, and those of the LoRAs that prompts name in place
    /// of their folder.
    private var withContents: GenerationDescription {
        let contents = Dictionary((files ?? []).map { ($0.name, $0.fingerprint) }) { first, _ in first }
        var own = replacingPaths { path, _ in contents[path] ?? path }
        let tagged = (files ?? []).filter(\.isPromptLoRA).map { "\($0.name) \($0.fingerprint)" }
        if !tagged.isEmpty { own.model.loraDir = tagged.joined(separator: "\n") }
        return own
    }

    /// Whether a picture with this description is the one that `asked` would draw: all options that `asked` sets are equal, where
    /// files are their contents, not their names. Metadata of earlier versions knows no contents.
    func answers(_ asked: GenerationDescription) -> Bool {
        var (own, asked) = files == nil ? (options, asked.options) : (withContents.options, asked.withContents.options)
        if asked["inference_precision"] == "auto" { asked["inference_precision"] = nil }
        // A picture's file has the values of these options that were the model's defaults when it was drawn.
        for key in ["width", "height", "steps", "guidance_scale", "strength", "inference_precision"] where asked[key] == nil {
            own[key] = nil
        }
        for key in ["count", "preview_interval", "batch_size", "files"] { asked[key] = nil }
        own["files"] = nil
        return own == asked
    }
}

/// An error in the metadata of a picture to draw again.
public enum PictureMetadataError: Error, Equatable, CustomStringConvertible {
    case none(picture: String)
    case unreadable(picture: String, reason: String)

    public var description: String {
        switch self {
        case .none(let picture): "\(picture) does not say how it was drawn; only pictures that glint drew can be redrawn."
        case .unreadable(let picture, let reason):
            "\(picture) says in a form unknown to this version how it was drawn: \(reason)"
        }
    }
}
