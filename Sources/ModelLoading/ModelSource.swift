import Architectures
public import Foundation
public import TensorStore
public import Tokenizers

/// A published model: a folder in diffusers' layout (`model_index.json`, and a folder for each component, with
/// checkpoints or IR), a folder in transformers' layout (one network with its `config.json`), or a single `.safetensors` file
/// in the layout of CompVis and Stability.
public struct ModelSource: Sendable {
    /// The folder or file.
    public let url: URL
    /// The pipeline's class, such as `StableDiffusionPipeline`; for a single file, the class that its tensors fit; for a folder
    /// in transformers' layout, the network's class.
    public let pipelineClass: String
    /// The components by name: `unet`, `vae`, `text_encoder` …
    public let components: [String: Component]
    /// Pipeline options in model_index.json: `force_zeros_for_empty_prompt`, `requires_safety_checker` …
    public let options: [String: JSONValue]
    /// Ignored parts of the model, and assumptions about it, a sentence each.
    public let notes: [String]
    private let singleFile: SingleFileModel?
    /// The file that lists the components; for a single file, the file itself.
    private let indexURL: URL

    /// Components that no supported pipeline uses.
    private static let unused: Set<String> = ["image_encoder"]

    /// Reads the index or the file's header, not the components.
    /// - Throws: `ModelError`; `SafetensorsError` for a damaged file; `ArchitectureError.unknownClass` for a folder with an
    ///   unsupported network.
    public init(_ url: URL) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            throw ModelError.missing(path: url.path)
        }
        if isDirectory.boolValue {
            try self.init(folder: url)
        } else if url.lastPathComponent == Self.indexName {
            try self.init(folder: url.deletingLastPathComponent())
        } else {
            self.init(try SingleFileModel(url))
        }
    }

    private init(_ file: SingleFileModel) {
        self.init(
            file.url, index: file.url, pipelineClass: file.pipelineClass, file.components, options: file.options,
            notes: file.notes, singleFile: file)
    }

    /// A folder in transformers' layout: one network, whose class is the first of `architectures`.
    /// - Throws: `ArchitectureError.unknownClass`.
    private init(network url: URL, className: String, config: URL) throws {
        let kind = try Registry.kind(of: className, in: .transformers, file: config.path)
        let component = Component(
            name: kind.component, library: kind.library.rawValue, className: className, folder: url)
        self.init(url, index: config, pipelineClass: className, [component.name: component])
    }

    private init(folder url: URL) throws {
        let index = url.appending(path: Self.indexName)
        guard FileManager.default.fileExists(atPath: index.path) else {
            let config = url.appending(path: Self.configName)
            if FileManager.default.fileExists(atPath: config.path),
                let className = try JSONFile.read(config)["architectures"]?.array?.first?.string
            {
                try self.init(network: url, className: className, config: config)
                return
            }
            throw ModelError.noModel(path: url.path, hint: Self.hint(url))
        }
        let values = try JSONFile.read(index)
        guard let className = values["_class_name"]?.string else {
            throw ModelError.malformed(file: index.path, reason: "_class_name is missing")
        }
        var components: [String: Component] = [:]
        var options: [String: JSONValue] = [:]
        var notes: [String] = []
        for (name, value) in values.object ?? JSONObject() where !name.hasPrefix("_") {
            // A component is [library, class], with nulls for an absent one; other entries are options of the pipeline.
            guard let pair = value.array, pair.count == 2 else {
                options[name] = value
                continue
            }
            guard let library = pair[0].string, let type = pair[1].string else { continue }
            if Self.unused.contains(name) {
                notes.append("The model's \(name) (\(type)) is not used.")
                continue
            }
            components[name] = Component(name: name, library: library, className: type, folder: url.appending(path: name))
        }
        // In older exports, the index lists the halves of the autoencoder.
        let halves = ["vae_decoder", "vae_encoder"].map { components.removeValue(forKey: $0) }
        if components["vae"] == nil, let decoder = halves[0] {
            components["vae"] = Component(
                name: "vae", library: decoder.library, className: decoder.className, folder: decoder.folder)
        }
        // optimum's own pipelines are diffusers' pipelines with IR.
        let pipelineClass = className.hasPrefix("OV") ? String(className.dropFirst(2)) : className
        self.init(url, index: index, pipelineClass: pipelineClass, components, options: options, notes: notes)
    }

    private init(
        _ url: URL, index: URL, pipelineClass: String, _ components: [String: Component],
        options: [String: JSONValue] = [:], notes: [String] = [], singleFile: SingleFileModel? = nil
    ) {
        self.url = url
        indexURL = index
        self.pipelineClass = pipelineClass
        self.components = components
        self.options = options
        self.notes = notes
        self.singleFile = singleFile
    }

    private static let indexName = "model_index.json"
    private static let configName = "config.json"

    /// The model's name: its folder or file name, or, in the hub's cache, that of its repository, `models--owner--name`.
    public var name: String {
        let parent = url.deletingLastPathComponent()
        if parent.lastPathComponent == "snapshots" { return parent.deletingLastPathComponent().lastPathComponent }
        return isSingleFile ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent
    }

    /// Whether the model is a single file, whose configs are derived from its tensors.
    public var isSingleFile: Bool { singleFile != nil }

    /// Whether the model is a single file with a UNet and no other network.
    var isUNetAlone: Bool { singleFile?.isUNetAlone == true }

    /// The file named in errors about the whole model: its index, its config, or the single file.
    public var indexFile: String { indexURL.path }

    /// The index as JSON; for a model without one, the index that diffusers would write.
    /// - Throws: `FileError`, `ModelError.malformed`.
    public func index() throws -> JSONValue {
        if let singleFile { return singleFile.index }
        guard isNetwork else { return try JSONFile.read(indexURL) }
        return .members(
            [("_class_name", .string(pipelineClass))]
                + components.values.map { ($0.name, .strings([$0.library, $0.className])) })
    }

    /// Whether the model is a folder in transformers' layout.
    private var isNetwork: Bool { indexURL.lastPathComponent == Self.configName }

    // MARK: Components

    /// A component that the pipeline requires.
    /// - Throws: `ModelError.missingComponent`, `.notInFile`.
    public func component(_ name: String) throws(ModelError) -> Component {
        if let component = components[name] { return component }
        guard isSingleFile else { throw .missingComponent(name, file: indexFile) }
        let hint =
            if isUNetAlone {
                "it is a UNet alone: give the model that it belongs to, and this file beside it (--unet)"
            } else if name == "vae" {
                "give an autoencoder beside it (--vae)"
            } else {
                "take the whole model rather than a part of it, or a folder in diffusers' layout"
            }
        throw .notInFile(name, file: url.path, hint: hint)
    }

    /// The components by folder: an autoencoder in IR has two.
    public var networks: [Component] {
        components.values.flatMap { component -> [Component] in
            guard component.name == "vae" else { return [component] }
            let inIR = ["vae_decoder", "vae_encoder"].map { half($0, of: component) }.filter(\.hasIR)
            return inIR.isEmpty ? [component] : inIR
        }
    }

    private func half(_ name: String, of vae: Component) -> Component {
        Component(name: name, library: vae.library, className: vae.className, folder: url.appending(path: name))
    }

    /// The decoder of the `vae`, in the component's folder or, as IR, in its own folder.
    /// - Throws: as `component`.
    public func vaeDecoder() throws(ModelError) -> Component {
        let vae = try component("vae")
        let own = half("vae_decoder", of: vae)
        return own.hasIR ? own : vae
    }

    /// The encoder of the `vae`, likewise.
    /// - Throws: as `component`; `ModelError.missingComponent` where only the decoder is there as IR.
    public func vaeEncoder() throws(ModelError) -> Component {
        let vae = try component("vae")
        let own = half("vae_encoder", of: vae)
        if own.hasIR { return own }
        guard !half("vae_decoder", of: vae).hasIR else { throw .missingComponent("vae_encoder", file: indexFile) }
        return vae
    }

    // MARK: Tokenizers and schedulers

    /// A tokenizer, from tokenizer.json or vocab.json and merges.txt, or else from the IR of openvino_tokenizers. A single file
    /// has CLIP's own; a folder in transformers' layout has its tokenizer in the folder itself.
    /// - Throws: as `component`; `TokenizerError`, `GraphError`, `ModelError.malformed`.
    public func tokenizer(_ name: String = "tokenizer") throws -> CLIPTokenizer {
        // transformers saves a network's tokenizer in the same folder.
        if isNetwork { return try CLIPTokenizer(anyOf: url) }
        let component = try component(name)
        if let singleFile { return try singleFile.tokenizer(name) }
        return try CLIPTokenizer(anyOf: component.folder)
    }

    /// The scheduler's config, and its file name for errors.
    /// - Throws: as `component`; `FileError`, `ModelError.malformed`.
    public func schedulerConfig() throws -> (json: JSONValue, file: String) {
        let component = try component("scheduler")
        if let singleFile { return (singleFile.scheduler, url.path) }
        let file = component.folder.appending(path: "scheduler_config.json")
        return (try JSONFile.read(file), file.path)
    }

    private static func hint(_ url: URL) -> String {
        func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url.appending(path: name).path) }
        if has("config.json") {
            let config = try? JSONFile.read(url.appending(path: configName))
            return config?["_class_name"]?.string == "UNet2DConditionModel" && !has("../\(indexName)")
                ? ". This is a UNet alone: give the model that it belongs to, and this folder beside it (--unet)"
                : ". This looks like one component of a model: give the folder above it"
        }
        if has("refs"), has("snapshots") { return ". This is a hub cache folder: give the folder under snapshots" }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        if let file = names.filter({ $0.lowercased().hasSuffix(".safetensors") }).min() {
            return ". It has single files, such as \(file): give one of them"
        }
        return ""
    }
}

/// Reads JSON files, most of them written by Python.
public enum JSONFile {
    /// A limit above the size of all known configs.
    private static let sizeLimit = 16 << 20

    /// - Throws: `FileError` where the file can't be read, `ModelError.malformed` where it is not JSON.
    public static func read(_ url: URL) throws -> JSONValue {
        let file = try MappedFile(path: url.path)
        guard file.byteCount <= sizeLimit else {
            throw ModelError.malformed(file: url.path, reason: "\(file.byteCount) bytes are too many for a config")
        }
        do {
            return try file.withUnsafeBytes { bytes in try JSONValue(parsingPython: bytes) }
        } catch {
            let kind = FileKind(file)
            throw ModelError.malformed(file: url.path, reason: kind == .json ? "\(error)" : kind.explanation)
        }
    }
}
