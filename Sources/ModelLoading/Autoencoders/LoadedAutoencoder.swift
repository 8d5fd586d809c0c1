public import Architectures
public import Foundation
import ModelGraph
import TensorStore

/// A separate autoencoder that can replace a model's own.
public struct LoadedAutoencoder: Sendable {
    public let url: URL
    public let decoder: Network<any LatentAutoencoder>
    /// nil where the files have only the decoder.
    public let encoder: Network<any LatentAutoencoder>?
    /// The autoencoder's latent family; nil where there is no evidence of it.
    public let family: LatentFamily?
    /// Assumptions, a sentence each.
    public let notes: [String]

    /// Reads an autoencoder in any published form: a folder in diffusers' layout (of `AutoencoderKL` or `AutoencoderTiny`, or of
    /// a whole model), a folder with `vae_decoder` and `vae_encoder` as IR, a `.safetensors` file of an `AutoencoderKL` with
    /// diffusers' or CompVis' names (or a whole model in one file), TAESD's own `…decoder.safetensors`, with its encoder in the
    /// `…encoder…` file beside it, or one file with both.
    ///
    /// - Parameter family: the latent family of the model.
    /// - Throws: `ModelError.otherLatents` for an autoencoder of another family; `ModelError.noAutoencoder`; `ArchitectureError`,
    ///   `SafetensorsError`, `FileError` and the errors of reading IR.
    public init(_ url: URL, for family: LatentFamily? = nil) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            throw FileError.missing(path: url.path)
        }
        let found = isDirectory.boolValue ? try Self.folder(url) : try Self.file(url, family)
        self.url = url
        (decoder, encoder) = (found.decoder, found.encoder)
        self.family = found.evidence?.family
        if let evidence = found.evidence {
            if let family, evidence.family != family {
                throw ModelError.otherLatents(
                    path: url.path, found: evidence.family, needed: family, evidence: evidence.source)
            }
            notes = found.notes
        } else {
            let assumed = family.map { "\($0), as the model" } ?? "the model's family"
            notes =
                found.notes
                + ["Nothing tells whose latents the autoencoder \(url.path) is for; it is taken to be for \(assumed)."]
        }
    }

    private struct Found {
        let decoder: Network<any LatentAutoencoder>
        let encoder: Network<any LatentAutoencoder>?
        let evidence: LatentFamilyEvidence?
        var notes: [String] = []
    }

    // MARK: Folders

    private static func folder(_ url: URL) throws -> Found {
        func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url.appending(path: name).path) }
        if has("model_index.json") { return try model(ModelSource(url)) }
        if has("vae_decoder/\(Component.irName)") {
            return try halves(
                part("vae_decoder", url.appending(path: "vae_decoder")), part("vae_encoder", url.appending(path: "vae_encoder")))
        }
        if has("config.json") {
            let own = part("vae", url)
            // IR has the halves side by side.
            return try halves(
                own, own.hasIR ? part("vae_encoder", url.deletingLastPathComponent().appending(path: "vae_encoder")) : own)
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: url.path).filter {
            $0.lowercased().hasSuffix(".safetensors")
        }.sorted()
        let decoders = files.filter { $0.lowercased().contains("decoder") }
        if let only = decoders.count == 1 ? decoders[0] : files.count == 1 ? files[0] : nil {
            return try file(url.appending(path: only), nil)
        }
        let choice = decoders.isEmpty ? files : decoders
        throw ModelError.noAutoencoder(
            path: url.path,
            reason: choice.isEmpty
                ? "it has neither a config.json nor .safetensors files"
                : "it has several files, of which one must be given: \(choice.joined(separator: ", "))")
    }

    private static func part(_ name: String, _ folder: URL) -> Component {
        // The config names the class.
        Component(name: name, library: "diffusers", className: "OVModelVae", folder: folder)
    }

    private static func halves(_ decoder: Component, _ encoder: Component) throws -> Found {
        let config = try decoder.config()
        let decoding = try decoder.network(from: Registry.autoencoders)
        let encoding: Network<any LatentAutoencoder>? =
            encoder.folder == decoder.folder ? decoding : encoder.hasIR ? try encoder.network(from: Registry.autoencoders) : nil
        let evidence = try LatentFamilyEvidence(
            config: decoder.configValues(), folder: decoder.folder, isTiny: config.className == "AutoencoderTiny")
        return Found(decoder: decoding, encoder: encoding, evidence: evidence)
    }

    private static func model(_ source: ModelSource) throws -> Found {
        let decoder = try source.vaeDecoder()
        return try halves(decoder, (try? source.vaeEncoder()) ?? decoder)
    }

    // MARK: Files

    private static func file(_ url: URL, _ family: LatentFamily?) throws -> Found {
        let folder = url.deletingLastPathComponent()
        if url.lastPathComponent.hasPrefix("diffusion_pytorch_model."),
            FileManager.default.fileExists(atPath: folder.appending(path: "config.json").path)
        {
            return try self.folder(folder)
        }
        let tensors = Weights(try SafetensorsCheckpoint(path: url.path), source: url.path)
        switch SingleFileAutoencoder(tensors) {
        case .kl(let weights): return try kl(weights, tensors, url, family)
        case .tiny(let weights): return try tiny(weights, url)
        case nil:
            throw ModelError.noAutoencoder(
                path: url.path, reason: "it has neither the tensors of an AutoencoderKL nor those of a tiny autoencoder")
        }
    }

    private static func kl(_ weights: Weights, _ tensors: Weights, _ url: URL, _ family: LatentFamily?) throws -> Found {
        let unet = SingleFileModel.unet(tensors)
        let evidence: LatentFamilyEvidence? =
            unet.entries.isEmpty
            ? LatentFamilyEvidence(autoencoderFile: url)
            : LatentFamilyEvidence(
                family: unet.contains("add_embedding.linear_1.weight") ? .sdxl : .sd, source: "the UNet in the file")
        // The file has no config: the scaling factor is the family's.
        let scaling = (evidence?.family ?? family ?? .sd).scalingFactor
        let config = try AutoencoderKL.config(of: weights, scalingFactor: scaling)
        let network = try network(config, "AutoencoderKL", weights, url)
        return Found(
            decoder: network, encoder: weights.contains("encoder.conv_in.weight") ? network : nil, evidence: evidence)
    }

    private static func network(_ config: JSONValue, _ className: String, _ weights: Weights, _ url: URL) throws
        -> Network<any LatentAutoencoder>
    {
        let reader = ConfigReader(config, className: className, file: url.path)
        return Network(try Registry.make(reader, from: Registry.autoencoders), .checkpoint(weights))
    }

    private static func tiny(_ weights: Weights, _ url: URL) throws -> Found {
        var entries = weights.entries
        var files = [url]
        func has(_ half: String) -> Bool { entries["\(half).layers.0.weight"] != nil }
        // The other half is in the same folder.
        for (own, other) in [("decoder", "encoder"), ("encoder", "decoder")] where has(own) && !has(other) {
            guard let beside = sibling(of: url, own, other) else { continue }
            let tensors = Weights(try SafetensorsCheckpoint(path: beside.path), source: beside.path)
            guard let half = tensors.namingTinyAutoencoderAsDiffusers(), half.contains("\(other).layers.0.weight") else {
                continue
            }
            entries.merge(half.entries) { first, _ in first }
            files.append(beside)
        }
        guard has("decoder") else {
            throw ModelError.noAutoencoder(
                path: url.path,
                reason: "it is the encoder alone; the decoder's file, called as it with 'decoder' for 'encoder', is not beside it"
            )
        }
        let all = Weights(entries, source: url.path)
        let network = try network(AutoencoderTiny.config(of: all), "AutoencoderTiny", all, url)
        var found = Found(
            decoder: network, encoder: has("encoder") ? network : nil, evidence: try LatentFamilyEvidence(tinyFiles: files))
        if found.encoder == nil {
            found.notes = ["\(url.lastPathComponent) has no encoder, nor has a file beside it: it can only decode."]
        }
        return found
    }

    private static func sibling(of url: URL, _ half: String, _ other: String) -> URL? {
        let name = url.lastPathComponent
        guard let range = name.range(of: half, options: [.backwards, .caseInsensitive]) else { return nil }
        let beside = url.deletingLastPathComponent().appending(path: name.replacingCharacters(in: range, with: other))
        return FileManager.default.fileExists(atPath: beside.path) ? beside : nil
    }
}

/// The autoencoder in a single file's tensors, with diffusers' names.
enum SingleFileAutoencoder {
    case kl(Weights)
    case tiny(Weights)

    /// - Returns: nil for other tensors.
    init?(_ tensors: Weights) {
        let nested = SingleFileModel.autoencoder(tensors) ?? tensors.namingAutoencoderAsDiffusers()
        if nested.contains("decoder.mid_block.resnets.0.norm1.weight") {
            self = .kl(nested)
        } else if let tiny = tensors.namingTinyAutoencoderAsDiffusers() {
            self = .tiny(tiny)
        } else {
            return nil
        }
    }
}
