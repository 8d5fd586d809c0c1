public import Foundation
import TensorStore

/// A model in diffusers' layout: `model_index.json`, and a folder for each component.
public struct ModelFolder: Sendable {
    public let url: URL
    /// The pipeline's class, such as `LatentConsistencyModelPipeline`.
    public let className: String
    /// By their names: `unet`, `vae`, `text_encoder` …
    public let components: [String: Component]
    /// What is in the model and was left out, a sentence each.
    public let notes: [String]

    /// Components that pictures can be drawn without.
    private static let skipped: Set<String> = ["safety_checker", "feature_extractor", "image_encoder"]

    /// Reads the index, not the components.
    /// - Throws: `ModelError`.
    public init(_ url: URL) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw ModelError.missing(path: url.path)
        }
        let index = url.appending(path: "model_index.json")
        guard FileManager.default.fileExists(atPath: index.path) else {
            throw ModelError.noModel(path: url.path, hint: Self.hint(url))
        }
        let values = try JSONFile.read(index)
        guard let className = values["_class_name"]?.string else {
            throw ModelError.malformed(file: index.path, reason: "_class_name is missing")
        }
        var components: [String: Component] = [:]
        var notes: [String] = []
        for (name, value) in values.object ?? JSONObject() where !name.hasPrefix("_") {
            // A component is [library, class]; other entries are options of the pipeline.
            guard let pair = value.array, pair.count == 2, let library = pair[0].string, let type = pair[1].string else {
                continue
            }
            if Self.skipped.contains(name) {
                notes.append("The model's \(name) (\(type)) is not used.")
                continue
            }
            components[name] = Component(name: name, library: library, className: type, folder: url.appending(path: name))
        }
        self.url = url
        self.className = className
        self.components = components
        self.notes = notes
    }

    /// The component that a pipeline can't do without.
    /// - Throws: `ModelError.missingComponent`.
    public func component(_ name: String) throws(ModelError) -> Component {
        guard let component = components[name] else {
            throw .missingComponent(name, file: url.appending(path: "model_index.json").path)
        }
        return component
    }

    /// The components as they lie in folders: an autoencoder in IR is two.
    public var networks: [Component] {
        components.values.flatMap { component -> [Component] in
            guard component.name == "vae" else { return [component] }
            let halves = ["vae_decoder", "vae_encoder"].map { name in
                Component(
                    name: name, library: component.library, className: component.className, folder: url.appending(path: name))
            }
            let inIR = halves.filter(\.hasIR)
            return inIR.isEmpty ? [component] : inIR
        }
    }

    /// The decoder of the `vae`: in its folder, or, as IR has it, in a folder of its own.
    /// - Throws: `ModelError.missingComponent`.
    public func vaeDecoder() throws(ModelError) -> Component {
        let vae = try component("vae")
        let own = Component(
            name: "vae_decoder", library: vae.library, className: vae.className, folder: url.appending(path: "vae_decoder"))
        return own.hasIR ? own : vae
    }

    private static func hint(_ url: URL) -> String {
        func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url.appending(path: name).path) }
        if has("config.json") { return ". This looks like one component of a model: give the folder above it" }
        if has("refs"), has("snapshots") { return ". This is a hub cache folder: give the folder under snapshots" }
        return ""
    }
}
