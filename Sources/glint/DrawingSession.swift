import ArgumentParser
import Diffusion
import Foundation
import Imaging
import ModelLoading

struct PreviewOptions: ParsableArguments {
    @Option(
        name: .customLong("preview"),
        help: ArgumentHelp("Write to this folder what is foreseen after each step but the last.", valueName: "folder"))
    var folder: String?
    @Option(
        name: .customLong("preview-vae"),
        help: ArgumentHelp(
            "A small autoencoder that makes previews quickly, such as TAESD. (default: the model's)", valueName: "folder|file"))
    var vae: String?

    func validate() throws {
        if folder?.isEmpty == true { throw ValidationError("--preview must name a folder; it is empty.") }
        if folder == nil, vae != nil { throw ValidationError("--preview-vae makes the pictures of --preview; give that too.") }
    }
}

/// What one request gave, on disk.
struct Drawing {
    let request: GenerationRequest
    let result: GenerationResult
    let pictures: [DrawnPicture]
    let notes: [String]
}

/// Draws recipes one after the other; the model stays for the next as long as it is the same.
final class DrawingSession {
    private let machine: MachineOptions
    private let preview: PreviewOptions
    private var loaded: (recipe: Recipe, model: LatentDiffusionModel)?
    private var pipeline: LatentDiffusionPipeline?

    init(_ machine: MachineOptions, _ preview: PreviewOptions) {
        self.machine = machine
        self.preview = preview
    }

    /// Refuses what no line of a file can be drawn with: a model that is none, a scheduler of no known name …
    func check(_ recipe: Recipe) throws {
        _ = try recipe.request(model(of: recipe), count: 1)
        _ = try machine.compileOptions()
    }

    /// - Parameter stays: whether more is drawn after it, for which networks are kept.
    func draw(_ recipe: Recipe, count: Int, to files: OutputFiles, stays: Bool = false) async throws -> Drawing {
        let model = try model(of: recipe)
        var request = try recipe.request(model, count: count)
        if preview.folder != nil { request.previewInterval = 1 }
        try request.check()
        let made = try files.check()
        defer { made.removeIfEmpty() }
        let previews = try preview.folder.map { try PreviewFiles(folder: $0, recipe: recipe) }
        defer { previews?.removeIfEmpty() }
        let options = try machine.compileOptions()
        let progress = ProgressDisplay(steps: request.numInferenceSteps, pictures: count)
        defer { progress.finish() }
        if pipeline == nil {
            pipeline = LatentDiffusionPipeline(
                model, compile: options, memory: try machine.memoryPolicy(pictures: stays ? 2 : count))
            for note in model.notes { progress.note(note) }
        }
        guard let pipeline else { preconditionFailure("the pipeline was just made") }

        var drawn: [Result<DrawnPicture, any Error>] = []
        let result = try await pipeline.generate(request) { event in
            progress.show(event)
            if case .step(let step) = event { try previews?.write(step) }
            // Each picture is written as soon as there is one: what is drawn is not lost when a later one fails.
            if case .picture(let picture) = event { drawn.append(Result { try files.write(picture, recipe, request) }) }
        }
        return Drawing(request: request, result: result, pictures: try drawn.map { try $0.get() }, notes: model.notes)
    }

    /// One model at a time.
    private func model(of recipe: Recipe) throws -> LatentDiffusionModel {
        let key = recipe.modelPart
        if let loaded, loaded.recipe == key { return loaded.model }
        (loaded, pipeline) = (nil, nil)
        var model = try LatentDiffusionModel(recipe)
        if let vae = preview.vae { try model.addPreviewDecoder(ModelLocation.file(vae, of: "--preview-vae")) }
        loaded = (key, model)
        return model
    }
}

extension Recipe {
    /// What decides which model is loaded, and nothing else.
    fileprivate var modelPart: Recipe {
        var part = Recipe()
        part.seed = 0
        (part.model, part.vae, part.floatModel) = (model, vae, floatModel)
        (part.loras, part.loraLenient, part.embeddings) = (loras, loraLenient, embeddings)
        part.precision = precision
        return part
    }
}

/// Where previews go: `<text>-<seed>-step-01.png`.
private struct PreviewFiles {
    let folder: URL
    let recipe: Recipe
    private let made: MadeFolders

    init(folder: String, recipe: Recipe) throws {
        self.folder = try ModelLocation.file(folder, of: "--preview")
        self.recipe = recipe
        made = try MadeFolders(path: self.folder.path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: self.folder.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ImageError.cannotWrite(file: folder, errno: ENOTDIR)
        }
    }

    func removeIfEmpty() { made.removeIfEmpty() }

    func write(_ step: GenerationEvent.Step) throws {
        for (index, image) in zip(step.pictures, step.previews) {
            let number = String(format: "%02d", step.index + 1)
            let name = "\(OutputFiles.slug(recipe.prompt))-\(recipe.seed &+ UInt64(index))-step-\(number).png"
            try image.write(to: folder.appending(path: name).path)
        }
    }
}
