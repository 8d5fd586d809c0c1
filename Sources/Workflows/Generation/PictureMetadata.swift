public import Diffusion
import Foundation
public import Imaging
import Inference
import TensorStore

extension GenerationDescription {
    /// The metadata key of a picture's description in JSON.
    public static let metadataKey = "glint"

    /// The description in the metadata of a picture that this program drew, as it is there.
    /// - Throws: `PictureMetadataError`; `ImageError`, `FileError` for a file that is not a picture.
    public init(pictureAt path: String) throws {
        guard let own = try Self(try ImageFile(path: path).metadata, picture: path) else {
            throw PictureMetadataError.none(picture: path)
        }
        self = own
    }

    /// - Returns: nil where another program wrote the metadata.
    /// - Throws: `PictureMetadataError.unreadable`.
    init?(_ metadata: ImageMetadata, picture path: String) throws {
        guard let text = metadata[Self.metadataKey] else { return nil }
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

    /// The metadata of a picture with this description: the description itself, and the same in the key and notation of
    /// AUTOMATIC1111's web UI, which other programs read.
    /// - Parameters:
    ///   - scheduler: the scheduler that drew the picture.
    ///   - checkpoint: the model that drew it.
    public func metadata(scheduler: SchedulerConfig, checkpoint: PictureCheckpoint) throws -> ImageMetadata {
        [
            Self.metadataKey: try json,
            ImageMetadata.parametersKey: WebUIParameters(self, scheduler: scheduler, checkpoint: checkpoint).text,
        ]
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
        case .none(let picture):
            "\(picture) does not say how it was drawn; only pictures of glint and of AUTOMATIC1111's web UI can be redrawn."
        case .unreadable(let picture, let reason):
            "\(picture) says in a form unknown to this version how it was drawn: \(reason)"
        }
    }
}
