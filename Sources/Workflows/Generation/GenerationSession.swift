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
    let model: ModelDescription
    let resolved: ResolvedRequest
    let result: GenerationResult
    let pictures: [DrawnPicture]
    let notes: [String]
}

/// Draws descriptions one after the other; the model stays for the next as long as it is the same.
final class DrawingSession {
    private let machine: MachineOptions
    private let preview: PreviewOptions
    private var loaded: (key: ModelKey, model: LatentDiffusionModel)?
    private var pipeline: LatentDiffusionPipeline?

    init(_ machine: MachineOptions, _ preview: PreviewOptions) {
        self.machine = machine
        self.preview = preview
    }

    /// Loads the model and checks a request without drawing it.
    func check(_ description: GenerationDescription) throws {
        _ = try ResolvedRequest(description.request, model(of: description))
        _ = try machine.compileOptions()
    }

    /// - Parameter stays: whether more is drawn after it, for which networks are kept.
    func draw(_ description: GenerationDescription, to files: OutputFiles, stays: Bool = false) async throws -> Drawing {
        let model = try model(of: description)
        var request = description.request
        if preview.folder != nil { request.previewInterval = 1 }
        let made = try files.check()
        defer { made.removeIfEmpty() }
        let previews = try preview.folder.map { try PreviewFiles(folder: $0, request) }
        defer { previews?.removeIfEmpty() }
        let options = try machine.compileOptions()
        let progress = ProgressDisplay(pictures: request.pictureCount)
        defer { progress.finish() }
        let isFirst = pipeline == nil
        if isFirst {
            pipeline = LatentDiffusionPipeline(
                model, compile: options, memory: try machine.memoryPolicy(pictures: stays ? 2 : request.pictureCount))
        }
        guard let pipeline else { preconditionFailure("the pipeline was just made") }

        var resolved: ResolvedRequest?
        var drawn: [Result<DrawnPicture, any Error>] = []
        let result = try await pipeline.generate(request) { event in
            if case .accepted(let accepted) = event {
                resolved = accepted
                for note in isFirst ? model.notes : [] { progress.note(note) }
            }
            progress.show(event)
            if case .step(let step) = event { try previews?.write(step) }
            // Each picture is written as soon as it is drawn, so that it is not lost when a later one fails.
            if case .picture(let picture) = event, let resolved {
                drawn.append(Result { try files.write(picture, description, resolved) })
            }
        }
        guard let resolved else { preconditionFailure("a request that was drawn was accepted before") }
        return Drawing(
            model: description.model, resolved: resolved, result: result, pictures: try drawn.map { try $0.get() },
            notes: model.notes)
    }

    /// One model at a time.
    private func model(of description: GenerationDescription) throws -> LatentDiffusionModel {
        let key = ModelKey(description: description.model, visitsFloatUNet: description.request.precision != .uniform)
        if let loaded, loaded.key == key { return loaded.model }
        (loaded, pipeline) = (nil, nil)
        var model = try LatentDiffusionModel(key.description, visitsFloatUNet: key.visitsFloatUNet)
        if let vae = preview.vae { try model.addPreviewDecoder(ModelLocation.file(vae, of: "--preview-vae")) }
        loaded = (key, model)
        return model
    }
}

/// The parts of a description that decide which model is loaded.
private struct ModelKey: Equatable {
    let description: ModelDescription
    let visitsFloatUNet: Bool
}

/// The files of previews: `<text>-<seed>-step-01.png`.
private struct PreviewFiles {
    let folder: URL
    private let request: GenerationRequest
    private let made: MadeFolders

    init(folder: String, _ request: GenerationRequest) throws {
        self.folder = try ModelLocation.file(folder, of: "--preview")
        self.request = request
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
            let name = "\(OutputFiles.slug(request.prompts[0]))-\(request.seed &+ UInt64(index))-step-\(number).png"
            try image.write(to: folder.appending(path: name).path)
        }
    }
}
