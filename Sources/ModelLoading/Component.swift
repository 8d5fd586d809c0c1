public import Architectures
public import Foundation
import ModelGraph
import TensorStore

/// One component of a model: its class, and the folder that holds its config and weights.
public struct Component: Sendable {
    public let name: String
    /// `diffusers` or `transformers`.
    public let library: String
    public let className: String
    public let folder: URL

    public init(name: String, library: String, className: String, folder: URL) {
        self.name = name
        self.library = library
        self.className = className
        self.folder = folder
    }

    /// The parameters in its config.json.
    /// - Throws: `FileError`, `ModelError.malformed`.
    public func config() throws -> ConfigReader {
        let file = folder.appending(path: "config.json")
        return ConfigReader(try JSONFile.read(file), className: className, file: file.path)
    }

    /// Whether this is a kind of component that has weights; tokenizers and schedulers have none.
    public var hasWeights: Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: "config.json").path)
    }

    /// The file that optimum-intel and openvino.genai keep a network in.
    public static let irName = "openvino_model.xml"

    /// Whether the network is there as IR, which is then taken rather than a checkpoint.
    public var hasIR: Bool { FileManager.default.fileExists(atPath: folder.appending(path: Self.irName).path) }

    /// The network of the class that the config names, over the component's IR or weights.
    /// - Throws: as `Registry.make`, `IRReader.read` and `weights()`.
    public func network<Architecture: Sendable>(
        from makers: [String: Registry.Making<Architecture>]
    ) throws -> Network<Architecture> {
        let architecture = try Registry.make(config(), from: makers)
        guard hasIR else { return Network(architecture, .checkpoint(try weights())) }
        return Network(architecture, .graph(try IRReader.read(path: folder.appending(path: Self.irName).path)))
    }

    /// Its tensors, mapped and not read.
    /// - Throws: `ModelError.noWeights`, `SafetensorsError`.
    public func weights() throws -> Weights {
        let file = try weightsFile()
        return Weights(try SafetensorsCheckpoint(path: file.path), source: file.path)
    }

    /// The weights as they are published, in the order in which they are looked for: one file or the index of several, f32
    /// before its f16 variant.
    private func weightsFile() throws -> URL {
        let stem = library == "transformers" ? "model" : "diffusion_pytorch_model"
        let names = [
            "\(stem).safetensors", "\(stem).safetensors.index.json", "\(stem).fp16.safetensors",
            "\(stem).safetensors.index.fp16.json",
        ]
        for name in names {
            let file = folder.appending(path: name)
            if FileManager.default.fileExists(atPath: file.path) { return file }
        }
        guard FileManager.default.fileExists(atPath: folder.path) else { throw ModelError.missing(path: folder.path) }
        let found = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        throw ModelError.noWeights(folder: folder.path, found: found.sorted())
    }
}
