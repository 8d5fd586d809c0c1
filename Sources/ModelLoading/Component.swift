public import Architectures
public import Foundation
import ModelGraph
public import TensorStore

/// One component of a model: its class, and where its config and weights are.
public struct Component: Sendable {
    /// Config and weights of a part of a single file.
    struct Part: Sendable {
        /// Told from the tensors, which may be wrong.
        let config: Result<JSONValue, any Error>
        let weights: Weights
    }

    public let name: String
    /// `diffusers`, `transformers`, or `stable_diffusion` of a safety checker.
    public let library: String
    public let className: String
    /// The folder that holds its config and weights; for a part of a single file, that file.
    public let folder: URL
    private let part: Part?

    public init(name: String, library: String, className: String, folder: URL) {
        self.init(name: name, library: library, className: className, folder: folder, part: nil)
    }

    init(name: String, library: String, className: String, folder: URL, part: Part?) {
        self.name = name
        self.library = library
        self.className = className
        self.folder = folder
        self.part = part
    }

    /// The parameters in its config.json, or what the tensors of a single file tell of them.
    ///
    /// Older exports name a class of optimum's own in the model's index; the config has that of the network.
    /// - Throws: `FileError`, `ModelError.malformed`; `ArchitectureError` where a single file's tensors do not go together.
    public func config() throws -> ConfigReader {
        let values = try configValues()
        let own = values["_class_name"]?.string ?? values["architectures"]?.array?.first?.string
        let isExport = className.hasPrefix("OVModel")
        return ConfigReader(values, className: isExport ? own ?? className : className, file: configFile.path)
    }

    /// The same as JSON.
    public func configValues() throws -> JSONValue { try part.map { try $0.config.get() } ?? JSONFile.read(configFile) }

    private var configFile: URL { part == nil ? folder.appending(path: "config.json") : folder }

    /// Whether this is a kind of component that has weights; tokenizers and schedulers have none.
    public var hasWeights: Bool { part != nil || FileManager.default.fileExists(atPath: configFile.path) }

    /// The file that optimum-intel and openvino.genai keep a network in.
    public static let irName = "openvino_model.xml"

    /// The path of its IR, if it has one.
    public var irFile: URL { folder.appending(path: Self.irName) }

    /// Whether the network is there as IR, which is then taken rather than a checkpoint.
    public var hasIR: Bool { part == nil && FileManager.default.fileExists(atPath: irFile.path) }

    /// The network of the class that the config names, over the component's IR or weights.
    /// - Throws: as `Registry.make`, `IRReader.read` and `weights()`.
    public func network<Architecture: Sendable>(
        from classes: NetworkClasses<Architecture>
    ) throws -> Network<Architecture> {
        let architecture = try Registry.make(config(), from: classes)
        guard hasIR else { return Network(architecture, .checkpoint(try weights())) }
        return Network(architecture, .graph(try IRReader.read(path: irFile.path)))
    }

    /// Its tensors, mapped and not read.
    /// - Throws: `ModelError.noWeights`, `SafetensorsError`.
    public func weights() throws -> Weights {
        if let part { return part.weights }
        let file = try weightsFile()
        return Weights(try SafetensorsCheckpoint(path: file.path), source: file.path)
    }

    /// The weights as they are published, in the order in which they are looked for: one file or the index of several, f32
    /// before its f16 variant.
    private func weightsFile() throws -> URL {
        // Safety checkers, whose library is called `stable_diffusion`, are saved as transformers saves.
        let stem = ["transformers", "stable_diffusion"].contains(library) ? "model" : "diffusion_pytorch_model"
        let names = [
            "\(stem).safetensors", "\(stem).safetensors.index.json", "\(stem).fp16.safetensors",
            "\(stem).safetensors.index.fp16.json", "\(stem).fp16.safetensors.index.json",
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
