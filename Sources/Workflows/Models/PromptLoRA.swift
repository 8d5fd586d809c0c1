import Adapters
import Diffusion
import Foundation
import TensorStore
import Tokenizers

/// A LoRA that a prompt names: `<lora:name:0.8>`, or `<lora:name:0.5:1>` with scales for text encoders and UNet.
public struct PromptLoRA: Sendable, Hashable {
    /// The name in the prompt.
    public let name: String
    public let path: String
    /// The factor for the UNet.
    public let scale: Float
    public let textEncoderScale: Float

    /// The name of its file in a picture's metadata begins with this.
    static let recordPrefix = "lora:"
    var recordName: String { Self.recordPrefix + name }

    /// The LoRAs that the prompts of a description name, in the order of the first prompt; none without tags.
    /// - Throws: `PromptLoRAError`; as `ModelLocation.resolve`.
    static func all(in description: GenerationDescription) throws -> [PromptLoRA] {
        guard description.request.promptMode == .weighted else { return [] }
        let tags = description.request.prompts.map { PromptTags(parsing: $0).tags.filter(\.isLoRA) }
        guard let first = tags.first, tags.contains(where: { !$0.isEmpty }) else { return [] }
        guard tags.allSatisfy({ Set($0) == Set(first) }) else { throw PromptLoRAError.severalSets }
        let folders = try LoRAFolders(description.model)
        return try first.map { try PromptLoRA($0, folders) }
    }

    /// Scales as AUTOMATIC1111's web UI reads them: `name:text:unet`, or by name, `te=0.5` and `unet=1`.
    private init(_ tag: PromptTags.Tag, _ folders: LoRAFolders) throws {
        func scale(_ text: String) throws(PromptLoRAError) -> Float {
            guard let scale = Float(text.trimmingCharacters(in: .whitespaces)), scale.isFinite else {
                throw .scale(text, name: tag.arguments[0])
            }
            return scale
        }
        name = tag.arguments[0]
        let positional = tag.arguments.dropFirst().filter { !$0.contains("=") }
        let named = tag.arguments.dropFirst().compactMap { argument -> (key: String, value: String)? in
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            return parts.count == 2 ? (parts[0].lowercased(), parts[1]) : nil
        }
        var text = try positional.first.map(scale) ?? 1
        var unet = try positional.dropFirst().first.map(scale)
        for (key, value) in named {
            switch key {
            case "te": text = try scale(value)
            case "unet": unet = try scale(value)
            default: throw PromptLoRAError.argument("\(key)=\(value)", name: name)
            }
        }
        if let surplus = positional.dropFirst(2).first { throw PromptLoRAError.argument(surplus, name: name) }
        (self.scale, textEncoderScale) = (unet ?? text, text)
        path = try folders.path(of: name)
    }
}

/// The folders where LoRAs are found by name.
private struct LoRAFolders {
    private let folders: [URL]
    /// The files of all folders and their subfolders.
    private let files: [URL]

    init(_ description: ModelDescription) throws {
        if let folder = description.loraDir {
            folders = [try ModelLocation.file(folder, of: "lora_dir")]
            guard FileManager.default.fileExists(atPath: folders[0].path) else { throw PromptLoRAError.noFolder(folder) }
        } else {
            // Beside the model, or where AUTOMATIC1111's web UI and ComfyUI have them: beside the folder of checkpoints.
            let folder = try ModelLocation.resolve(description.model).standardizedFileURL.deletingLastPathComponent()
            folders = [folder, folder.deletingLastPathComponent()].flatMap { folder in
                ["loras", "Lora"].map { folder.appending(path: $0) }
            }
        }
        files = folders.flatMap { folder -> [URL] in
            let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL }
            return (files ?? []).filter { $0.pathExtension.lowercased() == "safetensors" }.sorted { $0.path < $1.path }
        }
    }

    /// The file of a name: a file's own without its ending, or the one that was given to it in training.
    func path(of name: String) throws(PromptLoRAError) -> String {
        let names = files.map { $0.deletingPathExtension().lastPathComponent }
        if let index = names.firstIndex(of: name) ?? names.firstIndex(where: { $0.lowercased() == name.lowercased() }) {
            return files[index].path
        }
        if let file = files.first(where: { (try? SafetensorsFile(path: $0.path))?.metadata["ss_output_name"] == name }) {
            return file.path
        }
        throw .notFound(name, folders: folders.map(\.path), near: nearest(to: name, among: Set(names)), count: names.count)
    }
}

/// An error in a tag such as `<lora:name:0.8>`.
public enum PromptLoRAError: Error, Equatable, CustomStringConvertible {
    /// `count` is the number of files that were found.
    case notFound(String, folders: [String], near: [String], count: Int)
    /// The folder of `--lora-dir` is missing.
    case noFolder(String)
    case scale(String, name: String)
    case argument(String, name: String)
    /// The prompts of one request name different LoRAs.
    case severalSets

    public var description: String {
        switch self {
        case .noFolder(let path): "The folder of LoRAs, '\(path)', does not exist."
        case .notFound(let name, let folders, let near, let count):
            "<lora:\(name)>: there is no '\(name).safetensors' "
                + (count == 0
                    ? "and no other LoRA in \(folders.joined(separator: ", "))" : "in \(folders.joined(separator: ", "))")
                + (near.isEmpty ? "." : "; did you mean \(near.joined(separator: " or "))?")
                + " --lora-dir names another folder, --lora a file, and --plain-prompt takes all of a text as words."
        case .scale(let text, let name): "<lora:\(name)>: the scale must be a finite number; it is '\(text)'."
        case .argument(let text, let name):
            "<lora:\(name)>: '\(text)' is not an argument; there are a scale, or two for text encoders and UNet (or te=, unet=)."
        case .severalSets: "The prompts of one request name different LoRAs; give each set a request of its own."
        }
    }
}
