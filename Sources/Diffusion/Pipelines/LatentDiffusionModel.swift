public import Architectures
import Foundation
public import ModelLoading
import TensorStore
public import Tokenizers

/// The parts of a text-to-image model, read from its folder: configs and tokenizer in memory, weights mapped.
public struct LatentDiffusionModel: Sendable {
    public let folder: ModelFolder
    public let tokenizer: CLIPTokenizer
    public let textEncoder: CLIPTextModel
    public let textEncoderWeights: Weights
    public let unet: UNet2DConditionModel
    public let unetWeights: Weights
    public let autoencoder: any LatentAutoencoder
    public let autoencoderWeights: Weights
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
        let text = try folder.component("text_encoder")
        textEncoder = try Registry.make(text.config(), from: Registry.textEncoders)
        textEncoderWeights = try text.weights()
        let unetFolder = try folder.component("unet")
        unet = try Registry.make(unetFolder.config(), from: Registry.unets)
        unetWeights = try unetFolder.weights()
        let vae = try folder.component("vae")
        autoencoder = try Registry.make(vae.config(), from: Registry.autoencoders)
        autoencoderWeights = try vae.weights()
        try checkTogether(index)
    }

    private func checkTogether(_ file: String) throws(GenerationError) {
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
        guard width == textEncoder.config.hiddenSize else {
            throw .model(
                file: file, reason: "the UNet takes texts \(width) wide, the text encoder's are \(textEncoder.config.hiddenSize)")
        }
        guard tokenizer.vocabularyCount <= textEncoder.config.vocabSize else {
            throw .model(
                file: file,
                reason:
                    "the tokenizer has \(tokenizer.vocabularyCount) tokens, the text encoder knows \(textEncoder.config.vocabSize)"
            )
        }
        guard unet.config.textTimeAddition == nil else {
            throw .model(file: file, reason: "the UNet is one of Stable Diffusion XL, which this pipeline does not run")
        }
    }

    /// Tokens that a text is padded or cut to.
    public var tokenCount: Int { min(tokenizer.modelMaxLength, textEncoder.config.maxPositionEmbeddings) }
}
