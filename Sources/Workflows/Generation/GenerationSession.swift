public import Diffusion
import Foundation
import Imaging
public import Inference
import ModelLoading

/// Draws one description after the other, and keeps the model and its networks in memory while the model stays the same.
///
/// Not `Sendable`: one request at a time. `GenerationQueue` serves several callers.
public final class GenerationSession {
    /// The networks to keep in memory; takes effect when a model is loaded.
    public var memory: MemoryPolicy
    private let compile: CompileOptions
    private let previewVAE: String?
    private var loaded: LoadedModel?
    private var fingerprints = Fingerprints()

    /// - Parameter previewVAE: the path of an autoencoder for previews; nil for the model's.
    public init(
        compile: CompileOptions = CompileOptions(precision: .auto), memory: MemoryPolicy = .resident,
        previewVAE: String? = nil
    ) {
        self.compile = compile
        self.memory = memory
        self.previewVAE = previewVAE
    }

    /// Loads the model of a description, and checks the request without drawing it.
    /// - Throws: as `LatentDiffusionModel.init`, `ResolvedRequest.init` and `LatentDiffusionPipeline.checkMemory`.
    public func check(_ description: GenerationDescription) throws {
        let loaded = try load(description)
        try pipeline(loaded).checkMemory(for: ResolvedRequest(description.request, loaded.model))
    }

    private func pipeline(_ loaded: LoadedModel) -> LatentDiffusionPipeline {
        let pipeline =
            loaded.pipeline ?? LatentDiffusionPipeline(loaded.model, compile: loaded.options, memory: memory)
        self.loaded?.pipeline = pipeline
        return pipeline
    }

    /// Draws all pictures of a description.
    /// - Parameters:
    ///   - notes: called with the model's notes if the description loads a model.
    ///   - report: as `LatentDiffusionPipeline.generate` calls it.
    /// - Throws: as `check` and `LatentDiffusionPipeline.generate`.
    public func generate(
        _ description: GenerationDescription,
        notes: ([String]) -> Void = { _ in }, report: (GenerationEvent) throws -> Void = { _ in }
    ) async throws -> GenerationResult {
        let loaded = try load(description)
        let pipeline = pipeline(loaded)
        return try await pipeline.generate(description.request) { event in
            if case .accepted(let resolved) = event {
                try pipeline.checkMemory(for: resolved)
                if !loaded.isNoted { notes(loaded.notes) }
                self.loaded?.isNoted = true
            }
            try report(event)
        }
    }

    /// Draws all pictures of a description, and writes each to its file when it is finished.
    /// - Parameter previews: a folder for a preview after each step but the last; nil for none.
    /// - Throws: as `generate`; `ImageError` for files that can't be written, as far as possible before any picture is drawn.
    public func draw(
        _ description: GenerationDescription, to files: OutputFiles, previews folder: String? = nil,
        notes: ([String]) -> Void = { _ in },
        report: (GenerationEvent) throws -> Void = { _ in }
    ) async throws -> Drawing {
        var description = description
        if folder != nil { description.request.previewInterval = 1 }
        let loaded = try load(description)
        description.files = fileRecords(description)
        let made = try files.check()
        defer { made.removeIfEmpty() }
        let previews = try folder.map { try PreviewFiles(folder: $0, description.request) }
        defer { previews?.removeIfEmpty() }
        var resolved: ResolvedRequest?
        var drawn: [Result<DrawnPicture, any Error>] = []
        let result = try await generate(description, notes: notes) { event in
            try report(event)
            switch event {
            case .accepted(let request): resolved = request
            case .step(let step): try previews?.write(step)
            case .picture(let picture):
                guard let resolved else { preconditionFailure("a request is accepted before it is drawn") }
                drawn.append(Result { try files.write(picture, description, resolved, loaded.checkpoint) })
            default: break
            }
        }
        guard let resolved else { preconditionFailure("a request is accepted before it is drawn") }
        return Drawing(
            model: description.model, resolved: resolved, result: result, pictures: try drawn.map { try $0.get() },
            notes: loaded.notes + resolved.notes)
    }

    /// The files that a description names, with their contents' fingerprints.
    func fileRecords(_ description: GenerationDescription) -> [FileRecord] { description.fileRecords(&fingerprints) }

    /// The model of a description; the previous one is released first.
    private func load(_ description: GenerationDescription) throws -> LoadedModel {
        let key = try ModelKey(
            description: description.model, promptLoRAs: PromptLoRA.all(in: description),
            visitsFloatUNet: description.request.precision != .uniform)
        if let loaded, loaded.key == key { return loaded }
        loaded = nil
        var model = try LatentDiffusionModel(
            key.description, promptLoRAs: key.promptLoRAs, visitsFloatUNet: key.visitsFloatUNet)
        if let previewVAE { try model.addPreviewDecoder(ModelLocation.file(previewVAE, of: "preview_vae")) }
        let (options, note) = options(for: description.model)
        let new = LoadedModel(
            key: key, model: model, checkpoint: PictureCheckpoint(model.source), options: options,
            notes: model.notes(for: options) + note)
        loaded = new
        return new
    }

    /// The options with the precision of a description, or f32 and a note where the device does not have it.
    private func options(for description: ModelDescription) -> (CompileOptions, note: [String]) {
        guard let precision = description.inferencePrecision else { return (compile, []) }
        var options = compile
        if precision.isAvailable(on: compile.device) {
            options.precision = precision
            return (options, [])
        }
        options.precision = .f32
        return (options, ["\(compile.device) does not compute in \(precision.rawValue) on this machine; f32 is used."])
    }
}

/// A finished request and its files.
public struct Drawing: Sendable {
    public let model: ModelDescription
    public let resolved: ResolvedRequest
    public let result: GenerationResult
    public let pictures: [DrawnPicture]
    /// The model's notes, and those on the request.
    public let notes: [String]
}

/// A model in memory, and how it is run.
private struct LoadedModel {
    let key: ModelKey
    let model: LatentDiffusionModel
    let checkpoint: PictureCheckpoint
    let options: CompileOptions
    /// The model's notes, and those on the precision.
    let notes: [String]
    /// nil before the first request.
    var pipeline: LatentDiffusionPipeline?
    /// Whether the notes were told.
    var isNoted = false
}

/// The parts of a description that determine the loaded model.
private struct ModelKey: Equatable {
    let description: ModelDescription
    let promptLoRAs: [PromptLoRA]
    let visitsFloatUNet: Bool
}
