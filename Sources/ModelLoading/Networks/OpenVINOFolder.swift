import Architectures
public import Foundation
public import ModelGraph
import TensorStore
import Tokenizers

/// Writes a model in optimum-intel's layout: a folder with IR and config for each network, and the other components.
public final class OpenVINOFolder {
    private let source: ModelSource
    private let files: ModelFolder

    /// - Parameter url: the folder to create; it must not exist, or be empty.
    /// - Throws: as `ModelFolder`.
    public init(_ url: URL, copying source: ModelSource) throws {
        self.source = source
        files = try ModelFolder(url)
    }

    /// Writes a network's IR, and beside it the config of the source model.
    /// - Parameters:
    ///   - name: the name of the network's folder: `unet`, `vae_decoder` …
    ///   - component: the component of the source model whose config is copied.
    public func write(_ graph: Graph, as name: String, configOf component: Component) throws {
        try files.made(name)
        if source.isSingleFile {
            try files.write(component.configValues(), to: "\(name)/config.json")
        } else {
            try files.copy(component.folder.appending(path: "config.json"), to: "\(name)/config.json")
        }
        try files.write(graph, as: name)
    }

    /// Writes a file.
    public func write(_ data: Data, to path: String) throws { try files.write(data, to: path) }

    /// Copies the folder of a tokenizer, scheduler or other component that has no network; writes one if the model is a single file.
    public func copy(_ name: String) throws {
        guard !source.isSingleFile else { return try writePart(name) }
        let from = source.url.appending(path: name)
        guard FileManager.default.fileExists(atPath: from.path) else { return }
        try files.copy(from, to: name)
    }

    private func writePart(_ name: String) throws {
        guard source.components[name] != nil else { return }
        if name == "scheduler" {
            try files.made(name)
            try files.write(source.schedulerConfig().json, to: "\(name)/scheduler_config.json")
        } else if name.hasPrefix("tokenizer") {
            try BytePairVocabulary.clip().write(to: files.made(name))
            let configuration = try source.tokenizer(name).configuration
            try files.write(
                .members([
                    ("tokenizer_class", "CLIPTokenizer"), ("model_max_length", .integer(configuration.modelMaxLength)),
                    ("bos_token", .string(configuration.bosToken.content)),
                    ("eos_token", .string(configuration.eosToken.content)),
                    ("unk_token", .string(configuration.unkToken.content)),
                    ("pad_token", .string(configuration.padToken.content)),
                ]), to: "\(name)/tokenizer_config.json")
        }
    }

    /// Renames the complete folder to the target's name.
    public func finish() throws {
        if source.isSingleFile {
            try files.write(source.index(), to: "model_index.json")
        } else {
            try files.copy(source.url.appending(path: "model_index.json"), to: "model_index.json")
        }
        try files.finish()
    }
}
