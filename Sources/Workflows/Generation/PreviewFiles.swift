import Diffusion
import Foundation
import Imaging

/// The files of previews: `<text>-<seed>-step-01.png`.
struct PreviewFiles {
    private let folder: URL
    private let request: GenerationRequest
    private let made: MadeFolders

    /// Creates the folder if it does not exist.
    init(folder: String, _ request: GenerationRequest) throws {
        self.folder = try ModelLocation.file(folder, of: "preview")
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
            let prompt = request.prompts[index / request.imagesPerPrompt]
            let name = "\(OutputFiles.slug(prompt))-\(request.seed &+ UInt64(index))-step-\(number).png"
            try image.write(to: folder.appending(path: name).path)
        }
    }
}
