public import Architectures
public import Foundation
import ModelGraph
public import TensorStore

/// One component of a model: its class, and the location of its config and weights.
public struct Component: Sendable {
    /// Config and weights of a component in a single file.
    struct Part: Sendable {
        /// Derived from the tensors, which may be inconsistent.
        let config: Result<JSONValue, any Error>
        let weights: Weights
    }

    public let name: String
    /// `diffusers`, `transformers`, or `stable_diffusion` for a safety checker.
    public let library: String
    public let className: String
    /// The folder with its config and weights, or the single file.
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

    /// The parameters in its config.json, or those derived from a single file's tensors.
    ///
    /// In older exports, the model's index names one of optimum's classes; the config names the network's own class.
    /// - Throws: `FileError`, `ModelError.malformed`; `ArchitectureError` where a single file's tensors are inconsistent.
    public func config() throws -> ConfigReader {
        let values = try configValues()
        let own = values["_class_name"]?.string ?? values["architectures"]?.array?.first?.string
        let isExport = className.hasPrefix("OVModel")
        return ConfigReader(values, className: isExport ? own ?? className : className, file: configFile.path)
    }

    /// The config as JSON.
    public func configValues() throws -> JSONValue { try part.map { try $0.config.get() } ?? JSONFile.read(configFile) }

    private var configFile: URL { part == nil ? folder.appending(path: "config.json") : folder }

    /// Whether the component has weights; tokenizers and schedulers have none.
    public var hasWeights: Bool { part != nil || FileManager.default.fileExists(atPath: configFile.path) }

    /// The file name of a network's IR in folders of optimum-intel and openvino.genai.
    public static let irName = "openvino_model.xml"

    /// The path of its IR, which may not exist.
    public var irFile: URL { folder.appending(path: Self.irName) }

    /// Whether the component has IR, which takes precedence over a checkpoint.
    public var hasIR: Bool { part == nil && FileManager.default.fileExists(atPath: irFile.path) }

    /// The network of the config's class, with the component's IR or weights.
    /// - Throws: as `Registry.make`, `IRReader.read` and `weights()`.
    public func network<Architecture: Sendable>(
        from classes: NetworkClasses<Architecture>
    ) throws -> Network<Architecture> {
        let architecture = try Registry.make(config(), from: classes)
        guard hasIR else { return Network(architecture, .checkpoint(try weights())) }
        return Network(architecture, .graph(try IRReader.read(path: irFile.path)))
    }

    /// Its tensors, mapped but not read.
    /// - Throws: `ModelError.noWeights`, `SafetensorsError`.
    public func weights() throws -> Weights {
        if let part { return part.weights }
        let file = try weightsFile()
        return Weights(try SafetensorsCheckpoint(path: file.path), source: file.path)
    }

    /// Variants of weights, the first of which is taken; any others come after them.
    private static let variants = ["", "fp16", "bf16"]

    /// The weight file, by precedence: f32 before its variants, one file before the index of several.
    private func weightsFile() throws -> URL {
        // Safety checkers, whose library is called `stable_diffusion`, use transformers' file names.
        let stem = ["transformers", "stable_diffusion"].contains(library) ? "model" : "diffusion_pytorch_model"
        guard FileManager.default.fileExists(atPath: folder.path) else { throw ModelError.missing(path: folder.path) }
        let found = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
        func rank(_ name: String) -> Int? {
            guard let parsed = CheckpointName(name), parsed.stem == stem, parsed.role != .shard else { return nil }
            return 2 * (Self.variants.firstIndex(of: parsed.variant) ?? Self.variants.count) + (parsed.role == .index ? 1 : 0)
        }
        let ranked = found.compactMap { name in rank(name).map { (rank: $0, name: name) } }
        guard let best = ranked.min(by: { $0.rank < $1.rank }) else {
            throw ModelError.noWeights(folder: folder.path, found: found)
        }
        return folder.appending(path: best.name)
    }
}
