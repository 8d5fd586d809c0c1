public import Adapters
public import Architectures
public import Foundation
import ModelGraph
public import ModelLoading
import TensorStore
public import Tokenizers

/// The parts of a text-to-image model, read from where it is published: configs and tokenizers in memory, weights mapped.
public struct LatentDiffusionModel: Sendable {
    public let source: ModelSource
    /// One; two for Stable Diffusion XL.
    public private(set) var textEncoders: [TextEncoder]
    public var unet: Network<UNet2DConditionModel>
    /// The same UNet in floating point, for schedules of mixed precision beside a quantized `unet`.
    public private(set) var floatUNet: Network<UNet2DConditionModel>?
    /// The half of the autoencoder that makes pictures.
    public var vaeDecoder: Network<any LatentAutoencoder>
    /// The half that takes them; nil where the model has only the other.
    public private(set) var vaeEncoder: Network<any LatentAutoencoder>?
    /// A smaller decoder that shows what is foreseen while a picture is drawn; nil for `vaeDecoder`.
    public private(set) var previewDecoder: Network<any LatentAutoencoder>?
    /// Low-rank changes of the UNet and the text encoders.
    public private(set) var loras: LoRASet?
    /// How LoRAs become part of the networks; nil for what suits their weights.
    public var loraForm: LoRAForm?
    public let scheduler: ModelScheduler
    /// What is in the model and was left out, and what had to be assumed, a sentence each.
    public private(set) var notes: [String]

    /// diffusers' pipelines whose models run here.
    static let pipelines = [
        "LatentConsistencyModelPipeline", "LatentConsistencyModelImg2ImgPipeline", "StableDiffusionPipeline",
        "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline", "StableDiffusionXLPipeline",
        "StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLInpaintPipeline",
    ]

    /// - Parameter vae: an autoencoder in place of the model's own, which it then need not have.
    /// - Throws: `ModelError`, `ArchitectureError`, `TokenizerError`, `SchedulerError`, `FileError`, `SafetensorsError`, each
    ///   naming the file at fault; `GenerationError.model` where the networks do not go together.
    public init(_ source: ModelSource, vae: URL? = nil) throws {
        guard Self.pipelines.contains(source.pipelineClass) else {
            throw ModelError.unknownPipeline(source.pipelineClass, file: source.indexFile, known: Self.pipelines)
        }
        self.source = source
        notes = source.notes
        scheduler = try ModelScheduler(source)
        unet = try source.component("unet").network(from: Registry.unets)
        textEncoders = []
        for suffix in unet.architecture.config.textTimeAddition == nil ? [""] : ["", "_2"] {
            textEncoders.append(
                TextEncoder(
                    try source.tokenizer("tokenizer\(suffix)"),
                    try source.component("text_encoder\(suffix)").network(from: Registry.textEncoders)))
        }
        if let vae {
            let loaded = try LoadedAutoencoder(vae, for: unet.architecture.config.textTimeAddition == nil ? .sd : .sdxl)
            (vaeDecoder, vaeEncoder) = (loaded.decoder, loaded.encoder)
            notes += loaded.notes
        } else {
            vaeDecoder = try source.vaeDecoder().network(from: Registry.autoencoders)
            vaeEncoder = try Self.encoder(of: source, decoder: vaeDecoder)
        }
        try checkTogether(autoencoder: vae?.path ?? source.indexFile)
    }

    /// In a checkpoint both halves of an autoencoder are one network.
    private static func encoder(
        of source: ModelSource, decoder: Network<any LatentAutoencoder>
    ) throws -> Network<any LatentAutoencoder>? {
        if case .checkpoint = decoder.origin { return decoder }
        guard let component = try? source.vaeEncoder() else { return nil }
        return try component.network(from: Registry.autoencoders)
    }

    // MARK: What is asked of it

    /// Whose latents it makes; Stable Diffusion XL also has two text encoders, and is told the size of pictures.
    public var family: LatentFamily { unet.architecture.config.textTimeAddition == nil ? .sd : .sdxl }

    /// Whether the UNet itself takes how closely to follow the text, as latent consistency models do.
    public var takesGuidanceEmbedding: Bool { unet.architecture.config.timeCondProjDim != nil }

    /// The autoencoder's parameters: channels and scale of latents, pixels a latent.
    public var autoencoder: any LatentAutoencoder { vaeDecoder.architecture }

    /// Tokens of a chunk of text.
    public var tokenCount: Int { textEncoders[0].tokenCount }

    /// Channels that an inpainting UNet takes beside those of the latents: the mask, and the latents of what is kept.
    var takesMaskedLatents: Bool { unet.architecture.config.inChannels == 2 * autoencoder.latentChannels + 1 }

    /// Whether no text at all is told as zeros, and not by encoding an empty one.
    var takesZerosForEmptyPrompt: Bool {
        family == .sdxl && source.options["force_zeros_for_empty_prompt"]?.bool ?? false
    }

    /// Width and height of pictures where a request gives none: the size that the UNet was trained on.
    public var defaultSize: Int { (unet.architecture.config.sampleSize ?? 64) * autoencoder.spatialFactor }

    /// - Throws: `GenerationError.model` where there is no UNet in floating point.
    func unet(_ precision: UNetPrecision) throws(GenerationError) -> Network<UNet2DConditionModel> {
        guard precision == .float else { return unet }
        guard let floatUNet else {
            throw .model(file: source.url.path, reason: "steps in floating point need that UNet too; say where it is")
        }
        return floatUNet
    }

    /// - Throws: `GenerationError.model` where the autoencoder is a decoder alone.
    func encoder() throws(GenerationError) -> Network<any LatentAutoencoder> {
        guard let vaeEncoder else {
            throw .model(
                file: source.url.path,
                reason: "its autoencoder has no encoder, which pictures to begin with need; give one that has (--vae)")
        }
        return vaeEncoder
    }

    /// Whether the model comes with a safety checker.
    public var hasSafetyChecker: Bool { source.components["safety_checker"] != nil }

    /// - Throws: `ModelError.missingComponent`, and as `SafetyCheckerModel.init`.
    func safetyChecker() throws -> SafetyCheckerModel {
        try SafetyCheckerModel(
            folder: source.component("safety_checker").folder, featureExtractor: source.component("feature_extractor").folder)
    }

    // MARK: What is added to it

    /// Takes the UNet of another model as the one in floating point.
    /// - Throws: as `init`; `GenerationError.model` where it is of another architecture.
    public mutating func addFloatUNet(from other: ModelSource) throws {
        let network = try other.component("unet").network(from: Registry.unets)
        let (own, theirs) = (unet.architecture.config, network.architecture.config)
        guard own.blockOutChannels == theirs.blockOutChannels, own.inChannels == theirs.inChannels,
            own.contextChannels == theirs.contextChannels, own.timeCondProjDim == theirs.timeCondProjDim
        else {
            throw GenerationError.model(
                file: other.url.path,
                reason: "its UNet has other channels than that of \(source.url.path), so it is not the same in floating point")
        }
        floatUNet = network
    }

    /// Takes a small autoencoder for previews.
    /// - Throws: as `LoadedAutoencoder.init`; `GenerationError.model` where its latents are not the model's.
    public mutating func addPreviewDecoder(_ url: URL) throws {
        let loaded = try LoadedAutoencoder(url, for: family)
        let theirs = loaded.decoder.architecture
        guard theirs.latentChannels == autoencoder.latentChannels, theirs.spatialFactor == autoencoder.spatialFactor else {
            throw GenerationError.model(file: url.path, reason: "its latents have another size than the model's")
        }
        previewDecoder = loaded.decoder
        notes += loaded.notes
    }

    /// - Throws: `LoRAError` where a file is for networks that the model has not.
    public mutating func addLoRAs(_ set: LoRASet) throws(LoRAError) {
        try set.check(networks: textEncoders.count > 1 ? [.unet, .textEncoder, .textEncoder2] : [.unet, .textEncoder])
        loras = set
    }

    /// Learns words (textual inversion).
    /// - Throws: `TextualInversionError`.
    public mutating func addWords(_ inversions: [TextualInversion]) throws(TextualInversionError) {
        guard !inversions.isEmpty else { return }
        for index in textEncoders.indices { try textEncoders[index].add(inversions, encoder: index) }
    }

    // MARK: Checks

    /// - Parameter file: where the autoencoder is from.
    private func checkTogether(autoencoder file: String) throws(GenerationError) {
        func refusal(_ reason: String) -> GenerationError { .model(file: source.indexFile, reason: reason) }
        let config = unet.architecture.config
        let channels = autoencoder.latentChannels
        guard config.inChannels == channels || takesMaskedLatents, config.outChannels == channels else {
            throw .model(file: file, reason: "the UNet has \(config.inChannels) channels and the autoencoder \(channels)")
        }
        let width = config.encoderHidDim ?? config.contextChannels
        let textWidth = textEncoders.reduce(0) { $0 + $1.config.hiddenSize }
        guard width == textWidth else {
            throw refusal(
                "the UNet takes texts \(width) wide, the text encoder\(textEncoders.count > 1 ? "s'" : "'s") are \(textWidth)")
        }
        for encoder in textEncoders {
            guard encoder.tokenizer.vocabularyCount <= encoder.config.vocabSize else {
                throw refusal(
                    "the tokenizer has \(encoder.tokenizer.vocabularyCount) tokens, "
                        + "the text encoder knows \(encoder.config.vocabSize)"
                )
            }
            guard encoder.tokenCount == tokenCount else { throw refusal("the two text encoders take texts of different lengths") }
        }
        if let addition = config.textTimeAddition {
            let pooled = addition.inputChannels - 6 * addition.timeChannels
            guard textEncoders[1].config.projectionDim == pooled else {
                let found = textEncoders[1].config.projectionDim.map { "\($0)" } ?? "none"
                throw refusal("the UNet takes a pooled text \(pooled) wide, the second text encoder's is \(found)")
            }
        }
    }
}
