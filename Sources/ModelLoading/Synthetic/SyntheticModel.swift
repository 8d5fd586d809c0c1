import Architectures
public import Foundation
import ModelGraph
import TensorStore
import Tokenizers

/// A model of a published architecture's true shapes whose weights are random: for measuring speed and memory without a
/// download. Its pictures are noise.
///
/// Weights are f16, seeded, and scaled as a trained network's are, so that no activation overflows or is denormal.
public struct SyntheticModel: Sendable {
    public let name: String
    private let configs: [String: String]

    init(name: String, configs: [String: String]) {
        self.name = name
        self.configs = configs
    }

    /// - Returns: nil for a name that is none of `all`.
    public static func named(_ name: String) -> SyntheticModel? { all.first { $0.name == name } }

    /// Writes the model into a new folder in diffusers' layout, unless it is already there.
    ///
    /// The folder appears under its name when it is complete.
    /// - Returns: false where a folder was there before, which is then taken as it is.
    /// - Throws: `FileError`.
    @discardableResult
    public func write(to folder: URL) throws -> Bool {
        let manager = FileManager.default
        guard !manager.fileExists(atPath: folder.path) else { return false }
        let partial = folder.deletingLastPathComponent().appending(path: ".\(folder.lastPathComponent).partial-\(getpid())")
        try? manager.removeItem(at: partial)
        do {
            for (path, text) in configs { try Self.write(text, to: partial.appending(path: path)) }
            try writeTokenizer(to: partial.appending(path: "tokenizer"))
            let model = try ModelFolder(partial)
            for component in model.components.values where component.hasWeights { try writeWeights(of: component) }
            try manager.moveItem(at: partial, to: folder)
        } catch {
            try? manager.removeItem(at: partial)
            throw error
        }
        return true
    }

    /// The whole vocabulary of CLIP.
    private func writeTokenizer(to folder: URL) throws {
        let vocabulary = try CLIPVocabulary.standard()
        let ids = Dictionary(uniqueKeysWithValues: vocabulary.tokens.enumerated().map { ($1, $0) })
        try Self.write(String(decoding: JSONEncoder().encode(ids), as: UTF8.self), to: folder.appending(path: "vocab.json"))
        let merges = "#version: 0.2\n" + vocabulary.merges.joined(separator: "\n") + "\n"
        try Self.write(merges, to: folder.appending(path: "merges.txt"))
    }

    private func writeWeights(of component: Component) throws {
        let config = component.folder.appending(path: "config.json")
        let recorder = TensorRecorder(placeholder: try MappedFile(path: config.path))
        let weights = Weights(recording: recorder)
        var prefix = ""
        switch component.name {
        case "text_encoder":
            let network = try Registry.make(component.config(), from: Registry.textEncoders)
            _ = try network.graph(weights, batch: 1, tokens: network.config.maxPositionEmbeddings)
            prefix = "text_model."
        case "unet":
            let network = try Registry.make(component.config(), from: Registry.unets)
            _ = try network.graph(weights, .init(batch: 1, height: 64, width: 64, tokens: 77))
        default:
            let network = try Registry.make(component.config(), from: Registry.autoencoders)
            _ = try network.decoder(weights, batch: 1, height: 64, width: 64)
            _ = try network.encoder(weights, batch: 1, height: 512, width: 512)
        }
        var writer = SafetensorsWriter(metadata: ["format": "pt"])
        for (index, (name, shape)) in recorder.shapes.sorted(by: { $0.key < $1.key }).enumerated() {
            try writer.add(prefix + name, .f16, shape) {
                var random = RandomWeights(seed: UInt64(index))
                return try random.tensor(name, shape)
            }
        }
        let file = component.library == "transformers" ? "model.safetensors" : "diffusion_pytorch_model.safetensors"
        try writer.write(to: component.folder.appending(path: file).path)
    }

    private static func write(_ text: String, to file: URL) throws {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}
