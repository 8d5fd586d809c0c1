import Adapters
public import Diffusion
import Foundation
import ModelLoading
import TensorStore
import Tokenizers

extension LatentDiffusionModel {
    /// The model of a description, with all of its additions.
    /// - Parameters:
    ///   - promptLoRAs: the LoRAs that prompts name, in addition to the description's.
    ///   - visitsFloatUNet: whether to add the UNet in floating point for steps of mixed precision.
    /// - Throws: `ModelLocationError`; as the initializers of the model and its additions.
    public init(_ description: ModelDescription, promptLoRAs: [PromptLoRA] = [], visitsFloatUNet: Bool) throws {
        try self.init(
            ModelSource(ModelLocation.resolve(description.model)),
            unet: description.unet.map { try ModelLocation.file($0, of: "unet") },
            vae: description.vae.map { try ModelLocation.file($0, of: "vae") })
        var loras = try (description.loras ?? []).map { text in
            let (path, suffix) = text.splitSuffix { Float($0) }
            let (file, word) = text.splitSuffix { $0 }
            if let word, suffix == nil, !FileManager.default.fileExists(atPath: path),
                FileManager.default.fileExists(atPath: file)
            {
                throw ModelLocationError.scale(word, of: file)
            }
            return LoRASet.Item(try LoRA(path: ModelLocation.file(path, of: "lora").path), scale: suffix ?? 1)
        }
        loras += try promptLoRAs.map { lora in
            try .init(LoRA(path: lora.path), scale: lora.scale, textEncoderScale: lora.textEncoderScale, name: lora.name)
        }
        if !loras.isEmpty { try addLoRAs(try LoRASet(loras, isLenient: description.loraLenient)) }
        try addWords(
            (description.embeddings ?? []).map { text in
                let (path, word) = text.splitWord
                return try TextualInversion(path: ModelLocation.file(path, of: "embedding").path, token: word)
            })
        guard visitsFloatUNet else { return }
        guard let path = description.floatModel ?? QuantizationSource.of(source.url) else {
            throw ModelLocationError.noFloatModel(of: source.url.path)
        }
        try addFloatUNet(from: ModelSource(ModelLocation.resolve(path)))
    }
}

extension String {
    /// `FILE:word` of a textual inversion. A file name may contain a colon, but a word contains no slash.
    var splitWord: (String, String?) { splitSuffix { $0.contains("/") || $0.isEmpty ? nil : $0 } }

    /// Splits `before:after` at the last colon, if `read` accepts the part after it.
    func splitSuffix<Suffix>(_ read: (String) -> Suffix?) -> (String, Suffix?) {
        guard let colon = lastIndex(of: ":"), let suffix = read(String(self[index(after: colon)...])) else { return (self, nil) }
        return (String(self[..<colon]), suffix)
    }
}

/// The origin of a quantized model; written into its folder.
struct QuantizationSource: Codable {
    /// The folder of the model in floating point, absolute.
    let source: String
    static let file = "quantization.json"

    /// The model that the model in a folder was quantized from; nil where it is unknown.
    static func of(_ folder: URL) -> String? {
        guard let file = try? MappedFile(path: folder.appending(path: file).path) else { return nil }
        let data = file.withUnsafeBytes { Data($0) }
        return try? JSONDecoder().decode(QuantizationSource.self, from: data).source
    }
}
