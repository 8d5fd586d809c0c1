public import Architectures
import Foundation
public import ModelLoading
import TensorStore
public import Tokenizers

/// The parts of a text-to-image model, read from its folder: configs and tokenizer in memory, weights mapped.
public struct LatentDiffusionModel: Sendable {
    public let folder: ModelFolder
    public let tokenizer: CLIPTokenizer
    public var textEncoder: Network<CLIPTextModel>
    public var unet: Network<UNet2DConditionModel>
    /// The same UNet in floating point, for schedules of mixed precision beside a quantized `unet`.
    public var floatUNet: Network<UNet2DConditionModel>?
    /// The half of the autoencoder that makes pictures.
    public var vaeDecoder: Network<any LatentAutoencoder>
    public let schedulerConfig: SchedulerConfig

    /// Pipelines that models may be for.
    static let pipelines = [LatentConsistencyModelPipeline.className]

    /// - Throws: `ModelError`, `ArchitectureError`, `TokenizerError`, `SchedulerError`, `FileError`, `SafetensorsError`, each naming
    ///   the file at fault; `GenerationError.model` where the networks do not go together.
    public init(_ folder: ModelFolder) throws {
        let index = folder.url.appending(path: "model_index.json").path
        guard Self.pipelines.contains(folder.className) else {
            throw ModelError.unknownPipeline(folder.className, file: index, known: Self.pipelines)
        }
        self.folder = folder
        tokenizer = try CLIPTokenizer(folder: folder.component("tokenizer").folder)
        let scheduler = try folder.component("scheduler").folder.appending(path: "scheduler_config.json")
        schedulerConfig = try SchedulerConfig(json: JSONFile.read(scheduler), file: scheduler.path)
        textEncoder = try folder.component("text_encoder").network(from: Registry.textEncoders)
        unet = try folder.component("unet").network(from: Registry.unets)
        vaeDecoder = try folder.vaeDecoder().network(from: Registry.autoencoders)
        try checkTogether(index)
    }

    private func checkTogether(_ file: String) throws(GenerationError) {
        let (unet, autoencoder) = (unet.architecture, vaeDecoder.architecture)
        let textWidth = textEncoder.architecture.config.hiddenSize
        guard unet.config.timeCondProjDim != nil else {
            throw .model(
                file: file,
                reason: "the UNet takes no guidance embedding (time_cond_proj_dim), so it is no latent consistency model")
        }
        guard unet.config.inChannels == autoencoder.latentChannels, unet.config.outChannels == autoencoder.latentChannels else {
            throw .model(
                file: file,
                reason: "the UNet has \(unet.config.inChannels) channels and the autoencoder \(autoencoder.latentChannels)")
        }
        let width = unet.config.encoderHidDim ?? unet.config.contextChannels
        guard width == textWidth else {
            throw .model(
                file: file, reason: "the UNet takes texts \(width) wide, the text encoder's are \(textWidth)")
        }
        guard tokenizer.vocabularyCount <= textEncoder.architecture.config.vocabSize else {
            throw .model(
                file: file,
                reason:
                    "the tokenizer has \(tokenizer.vocabularyCount) tokens, the text encoder knows \(textEncoder.architecture.config.vocabSize)"
            )
        }
        guard unet.config.textTimeAddition == nil else {
            throw .model(file: file, reason: "the UNet is one of Stable Diffusion XL, which this pipeline does not run")
        }
    }

    /// Takes the UNet of another folder as the one in floating point.
    /// - Throws: as `init`; `GenerationError.model` where it is of another architecture.
    public mutating func addFloatUNet(from folder: ModelFolder) throws {
        let network = try folder.component("unet").network(from: Registry.unets)
        let (own, other) = (unet.architecture.config, network.architecture.config)
        guard own.blockOutChannels == other.blockOutChannels, own.inChannels == other.inChannels,
            own.contextChannels == other.contextChannels, own.timeCondProjDim == other.timeCondProjDim
        else {
            throw GenerationError.model(
                file: folder.url.path,
                reason:
                    "its UNet has other channels than that of \(self.folder.url.path), so it is not the same in floating point")
        }
        floatUNet = network
    }

    /// - Throws: `GenerationError.model` where there is no UNet in floating point.
    func unet(_ precision: UNetPrecision) throws(GenerationError) -> Network<UNet2DConditionModel> {
        guard precision == .float else { return unet }
        guard let floatUNet else {
            throw .model(file: folder.url.path, reason: "steps in floating point need that UNet too; say where it is")
        }
        return floatUNet
    }

    /// The autoencoder's parameters: channels and scale of latents, pixels a latent.
    public var autoencoder: any LatentAutoencoder { vaeDecoder.architecture }

    /// Tokens that a text is padded or cut to.
    public var tokenCount: Int { min(tokenizer.modelMaxLength, textEncoder.architecture.config.maxPositionEmbeddings) }
}
