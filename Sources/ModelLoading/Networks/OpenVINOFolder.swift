import Architectures
public import Foundation
public import ModelGraph
import TensorStore
import Tokenizers

/// Writes a model in optimum-intel's layout: a folder with IR and config for each network, and the other components.
///
/// Everything is written to a temporary folder beside the target, which is renamed when it is complete: an interrupted or failed
/// write leaves no folder.
public final class OpenVINOFolder {
    public let url: URL
    private let source: ModelSource
    private let partial: URL
    private var isFinished = false

    /// - Parameter url: the folder to create; it must not exist, or be empty.
    /// - Throws: `ModelError.exists`; `FileError` where the folder can't be written.
    public init(_ url: URL, copying source: ModelSource) throws {
        self.url = url
        self.source = source
        try Self.checkFree(url)
        let parent = url.deletingLastPathComponent()
        Self.removeRemains(of: url, in: parent)
        partial = parent.appending(path: "\(Self.partialPrefix(url))\(getpid())")
        try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: false)
    }

    deinit { if !isFinished { try? FileManager.default.removeItem(at: partial) } }

    private static func partialPrefix(_ url: URL) -> String { ".\(url.lastPathComponent).partial-" }

    /// Removes temporary folders of killed processes.
    private static func removeRemains(of url: URL, in parent: URL) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? [] {
            guard name.hasPrefix(partialPrefix(url)), let process = Int32(name.dropFirst(partialPrefix(url).count)),
                process != getpid(), kill(process, 0) != 0, errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(at: parent.appending(path: name))
        }
    }

    /// Checks that a model can be written to `url`, before the work for it is done.
    /// - Throws: `ModelError.exists`; `FileError` where the parent folder is missing or not writable.
    public static func checkFree(_ url: URL) throws {
        let parent = url.deletingLastPathComponent().path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: parent, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw FileError.missingFolder(path: parent)
        }
        guard FileManager.default.isWritableFile(atPath: parent) else { throw FileError.noPermission(path: parent) }
        guard FileManager.default.fileExists(atPath: url.path) else { return }
        let found = try? FileManager.default.contentsOfDirectory(atPath: url.path)
        guard found?.isEmpty == true else { throw ModelError.exists(path: url.path) }
    }

    /// Writes a network's IR, and beside it the config of the source model.
    /// - Parameters:
    ///   - name: the name of the network's folder: `unet`, `vae_decoder` …
    ///   - component: the component of the source model whose config is copied.
    public func write(_ graph: Graph, as name: String, configOf component: Component) throws {
        let folder = partial.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if source.isSingleFile {
            try write(component.configValues(), to: "\(name)/config.json")
        } else {
            try copy(component.folder.appending(path: "config.json"), to: folder.appending(path: "config.json"))
        }
        try graph.writeIR(xml: folder.appending(path: Component.irName).path)
    }

    private func write(_ json: JSONValue, to path: String) throws { try write(Data("\(json)\n".utf8), to: path) }

    /// Writes a file.
    public func write(_ data: Data, to path: String) throws { try data.write(to: partial.appending(path: path)) }

    /// Copies the folder of a tokenizer, scheduler or other component that has no network; writes one if the model is a single file.
    public func copy(_ name: String) throws {
        guard !source.isSingleFile else { return try writePart(name) }
        let from = source.url.appending(path: name)
        guard FileManager.default.fileExists(atPath: from.path) else { return }
        try copy(from.resolvingSymlinksInPath(), to: partial.appending(path: name))
    }

    private func writePart(_ name: String) throws {
        guard source.components[name] != nil else { return }
        let folder = partial.appending(path: name)
        if name == "scheduler" {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try write(source.schedulerConfig().json, to: "\(name)/scheduler_config.json")
        } else if name.hasPrefix("tokenizer") {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try BytePairVocabulary.clip().write(to: folder)
            let configuration = try source.tokenizer(name).configuration
            try write(
                .members([
                    ("tokenizer_class", "CLIPTokenizer"), ("model_max_length", .integer(configuration.modelMaxLength)),
                    ("bos_token", .string(configuration.bosToken.content)),
                    ("eos_token", .string(configuration.eosToken.content)),
                    ("unk_token", .string(configuration.unkToken.content)),
                    ("pad_token", .string(configuration.padToken.content)),
                ]), to: "\(name)/tokenizer_config.json")
        }
    }

    private func copy(_ from: URL, to: URL) throws {
        try FileManager.default.copyItem(at: from.resolvingSymlinksInPath(), to: to)
    }

    /// Renames the complete folder to the target's name.
    public func finish() throws {
        if source.isSingleFile {
            try write(source.index(), to: "model_index.json")
        } else {
            try copy(source.url.appending(path: "model_index.json"), to: partial.appending(path: "model_index.json"))
        }
        if FileManager.default.fileExists(atPath: url.path) { try FileManager.default.removeItem(at: url) }
        try FileManager.default.moveItem(at: partial, to: url)
        isFinished = true
    }
}
