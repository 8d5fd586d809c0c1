import Architectures
import Diffusion
public import Evaluation
public import Foundation
import ModelGraph
public import ModelLoading
import TensorStore
import Tokenizers

/// The contents of a model, network by network.
public struct ModelReport: Encodable, Sendable {
    public let path: String
    public let pipeline: String
    public let notes: [String]
    public let components: [ComponentReport]

    private static let safetyChecker = "safety_checker"

    /// Reads the model in a folder or file.
    /// - Throws: as `LatentDiffusionModel.init` or `SpeechModel.init`, and for unreadable networks; an unreadable safety checker is
    ///   only noted.
    public init(_ url: URL) throws {
        if SpeechModel.isSpeechModel(url) {
            try self.init(SpeechModel(url))
        } else {
            try self.init(ModelSource(url))
        }
    }

    private init(_ source: ModelSource) throws {
        // Every error of a first use is thrown here.
        let model = try LatentDiffusionModel(source)
        var notes = model.notes
        // Pictures can be drawn with another scheduler.
        do { _ = try model.scheduler.named(nil) } catch { notes.append("\(error)") }
        var components: [ComponentReport] = []
        for component in source.networks.sorted(by: { $0.name < $1.name }) {
            do {
                components.append(try ComponentReport(component))
            } catch  where component.name == Self.safetyChecker {
                // Pictures can be drawn without it.
                components.append(try ComponentReport(component, readsWeights: false))
                notes.append("\(error) --safety can't be used.")
            }
        }
        (path, pipeline) = (source.url.path, source.pipelineClass)
        (self.notes, self.components) = (notes, components)
    }

    private init(_ model: SpeechModel) throws {
        let className = WhisperConfig.className
        var networks: [(String, Graph)] = [("encoder", try model.encoder.exportedEncoder())]
        switch model.exportedDecoder?.networks {
        case nil: networks.append(("decoder", try model.decoder.exportedDecoder()))
        case .stateful(let graph): networks.append(("decoder", graph))
        case .withPast(let prompt, let next): networks += [("decoder", prompt), ("decoder_with_past", next)]
        }
        components = networks.map { ComponentReport($0, className, GraphWeights($1)) }
        (path, pipeline) = (model.url.path, className)
        let tokenizer = model.tokenizer
        notes = [
            (tokenizer.isMultilingual ? "it is for \(tokenizer.special.languages.count) languages" : "it is for English")
                + "; glint transcribe runs it"
        ]
    }
}

/// A component of a model.
public struct ComponentReport: Encodable, Sendable {
    public let name: String
    public let className: String
    public let parameters: Int?
    /// Element types of the weights.
    public let precisions: [String]
    public let bytes: Int?

    /// - Parameter readsWeights: false for a component whose weights are missing.
    init(_ component: Component, readsWeights: Bool = true) throws {
        name = component.name
        className = component.className
        // Tokenizers and schedulers have no weights.
        guard readsWeights, component.hasWeights else {
            (parameters, precisions, bytes) = (nil, [], nil)
            return
        }
        if component.hasIR {
            let weights = GraphWeights(try IRReader.read(path: component.folder.appending(path: Component.irName).path))
            (parameters, precisions, bytes) = (weights.parameters, weights.precisions.sorted(), weights.bytes)
            return
        }
        let weights = try component.weights()
        parameters = weights.parameterCount
        precisions = Set(weights.entries.values.map(\.elementType.rawValue)).sorted()
        bytes = weights.entries.values.reduce(0) { $0 + $1.data.byteCount }
    }

    init(_ name: String, _ className: String, _ weights: GraphWeights) {
        (self.name, self.className) = (name, className)
        (parameters, precisions, bytes) = (weights.parameters, weights.precisions.sorted(), weights.bytes)
    }

    enum CodingKeys: String, CodingKey {
        case name, parameters, precisions, bytes
        case className = "class"
    }
}

/// The sizes of a model's weights on disk.
public enum ModelSizes {
    /// Networks in the order of tables. IR has the halves of an autoencoder in separate files; in a checkpoint the tensors' names
    /// distinguish them.
    private static let networks = ["text_encoder", "text_encoder_2", "unet", "vae_decoder", "vae_encoder"]
    /// Prefixes of the names of each half's tensors.
    private static let halves = ["vae_decoder": ["decoder.", "post_quant_conv."], "vae_encoder": ["encoder.", "quant_conv."]]

    /// The size of each network in bytes: the .bin of its IR, or the tensors of its checkpoint.
    public static func bytes(_ folder: ModelSource) throws -> [String: Int] {
        var bytes: [String: Int] = [:]
        for name in networks {
            let binary = folder.url.appending(path: name).appending(path: "openvino_model.bin")
            if FileManager.default.fileExists(atPath: binary.path) {
                bytes[name] = try binary.resourceValues(forKeys: [.fileSizeKey]).fileSize
                continue
            }
            let prefixes = halves[name]
            // A model without the autoencoder's encoder can still draw.
            guard let weights = try? folder.components[prefixes == nil ? name : "vae"]?.weights() else { continue }
            let entries = weights.entries.filter { entry in
                prefixes.map { $0.contains { entry.key.hasPrefix($0) } } ?? true
            }
            if !entries.isEmpty { bytes[name] = entries.values.reduce(0) { $0 + $1.data.byteCount } }
        }
        return bytes
    }

    /// The sizes of the networks that both models have, and their sum.
    public static func compared(_ baseline: ModelSource, _ candidate: ModelSource) throws -> [ComparisonReport.Size] {
        let (a, b) = (try bytes(baseline), try bytes(candidate))
        let sizes = networks.compactMap { name in
            a[name].flatMap { first in
                b[name].map { ComparisonReport.Size(component: name, baselineBytes: first, candidateBytes: $0) }
            }
        }
        return sizes + [
            .init(
                component: "in all", baselineBytes: sizes.reduce(0) { $0 + $1.baselineBytes },
                candidateBytes: sizes.reduce(0) { $0 + $1.candidateBytes })
        ]
    }
}
