public import Adapters
public import Architectures
public import Foundation
public import Inference
import ModelGraph
public import ModelLoading
import TensorStore
public import Tokenizers

/// A text-to-image model read from its published files: configs and tokenizers in memory, weights mapped.
public struct LatentDiffusionModel: Sendable {
    public let source: ModelSource
    /// One encoder; two for Stable Diffusion XL.
    public internal(set) var textEncoders: [TextEncoder]
    public var unet: Network<UNet2DConditionModel>
    /// The UNet in floating point, for schedules of mixed precision with a quantized `unet`.
    public private(set) var floatUNet: Network<UNet2DConditionModel>?
    /// The autoencoder's decoder.
    public var vaeDecoder: Network<any LatentAutoencoder>
    /// The autoencoder's encoder; nil where the model has none.
    public private(set) var vaeEncoder: Network<any LatentAutoencoder>?
    /// A smaller decoder for previews; nil to use `vaeDecoder`.
    public private(set) var previewDecoder: Network<any LatentAutoencoder>?
    /// LoRAs of the UNet and the text encoders.
    public internal(set) var loras: LoRASet?
    /// LoRAs that are in the weights (`mergingLoRAs`).
    public internal(set) var mergedLoRAs: LoRASet?
    /// The way in which LoRAs are applied; nil for the way that suits the weights.
    public var loraForm: LoRAForm?
    public let scheduler: ModelScheduler
    /// Ignored parts of the model, and assumptions about it, a sentence each.
    public private(set) var notes: [String]

    /// The supported pipeline classes of diffusers.
    static let pipelines = [
        "LatentConsistencyModelPipeline", "LatentConsistencyModelImg2ImgPipeline", "StableDiffusionPipeline",
        "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline", "StableDiffusionXLPipeline",
        "StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLInpaintPipeline",
    ]

    /// - Parameters:
    ///   - unet: the path of a UNet to use instead of the model's own, which may then be missing.
    ///   - vae: likewise of an autoencoder.
    /// - Throws: `ModelError`, `ArchitectureError`, `TokenizerError`, `SchedulerError`, `FileError`, `SafetensorsError`, each
    ///   naming the file at fault; `GenerationError.model` where the networks do not fit together.
    public init(_ source: ModelSource, unet unetURL: URL? = nil, vae: URL? = nil) throws {
        guard Self.pipelines.contains(source.pipelineClass) else {
            throw ModelError.unknownPipeline(source.pipelineClass, file: source.indexFile, known: Self.pipelines)
        }
        self.source = source
        notes = source.notes
        scheduler = try ModelScheduler(source)
        unet =
            try unetURL.map { try LoadedUNet($0, for: source).network }
            ?? source.component("unet").network(from: Registry.unets)
        textEncoders = []
        if let unetURL, (unet.architecture.config.textTimeAddition != nil) != (source.components["text_encoder_2"] != nil) {
            let isXL = unet.architecture.config.textTimeAddition != nil
            throw GenerationError.model(
                file: unetURL.path,
                reason:
                    "it is a UNet \(isXL ? "" : "not ")of Stable Diffusion XL's kind, and \(source.url.path) is \(isXL ? "not" : "one")"
            )
        }
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
        try checkTogether(unet: unetURL?.path ?? source.indexFile, autoencoder: vae?.path ?? source.indexFile)
        if unetURL != nil, takesGuidanceEmbedding, let own = try source.schedulerConfig().json["_class_name"]?.string,
            own != "LCMScheduler"
        {
            notes.append("The UNet is a latent consistency model's: --scheduler lcm suits it, the model's own \(own) does not.")
        }
    }

    /// In a checkpoint, one network holds both halves of an autoencoder.
    private static func encoder(
        of source: ModelSource, decoder: Network<any LatentAutoencoder>
    ) throws -> Network<any LatentAutoencoder>? {
        if case .checkpoint = decoder.origin { return decoder }
        guard let component = try? source.vaeEncoder() else { return nil }
        return try component.network(from: Registry.autoencoders)
    }

    // MARK: Properties

    /// The latent family of the model. `.sdxl` models have two text encoders and size conditioning.
    public var family: LatentFamily { unet.architecture.config.textTimeAddition == nil ? .sd : .sdxl }

    /// Whether the UNet takes the guidance scale as an input, as in latent consistency models.
    public var takesGuidanceEmbedding: Bool { unet.architecture.config.timeCondProjDim != nil }

    /// The autoencoder's parameters: channels and scale of the latents, pixels for each latent.
    public var autoencoder: any LatentAutoencoder { vaeDecoder.architecture }

    /// Tokens in a chunk of text.
    public var tokenCount: Int { textEncoders[0].tokenCount }

    /// Whether the UNet is an inpainting UNet, which takes the mask and the latents of the masked image as additional channels.
    var takesMaskedLatents: Bool { unet.architecture.config.inChannels == 2 * autoencoder.latentChannels + 1 }

    /// Whether an absent negative prompt is replaced by zeros instead of being encoded: so in diffusers' pipelines of Stable
    /// Diffusion XL unless the model says otherwise.
    var takesZerosForEmptyPrompt: Bool {
        guard family == .sdxl, let option = source.options["force_zeros_for_empty_prompt"] else { return family == .sdxl }
        return option.bool ?? false
    }

    /// The default width and height of pictures: the size that the UNet was trained on.
    public var defaultSize: Int { (unet.architecture.config.sampleSize ?? 64) * autoencoder.spatialFactor }

    /// - Throws: `GenerationError.model` where the model has no UNet in floating point.
    func unet(_ precision: UNetPrecision) throws(GenerationError) -> Network<UNet2DConditionModel> {
        guard precision == .float else { return unet }
        guard let floatUNet else {
            throw .model(file: source.url.path, reason: "steps in floating point need that UNet too; say where it is")
        }
        return floatUNet
    }

    /// - Throws: `GenerationError.model` where the autoencoder has no encoder.
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

    // MARK: Additions

    /// Adds the UNet of another model as the UNet in floating point.
    /// - Throws: as `init`; `GenerationError.model` where its architecture differs.
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

    /// Adds a small autoencoder for previews.
    /// - Throws: as `LoadedAutoencoder.init`; `GenerationError.model` where its latents do not fit the model's.
    public mutating func addPreviewDecoder(_ url: URL) throws {
        let loaded = try LoadedAutoencoder(url, for: family)
        let theirs = loaded.decoder.architecture
        guard theirs.latentChannels == autoencoder.latentChannels, theirs.spatialFactor == autoencoder.spatialFactor else {
            throw GenerationError.model(file: url.path, reason: "its latents have another size than the model's")
        }
        previewDecoder = loaded.decoder
        notes += loaded.notes
    }

    /// - Throws: `LoRAError` where a file is for networks that the model does not have.
    public mutating func addLoRAs(_ set: LoRASet) throws(LoRAError) {
        try set.check(networks: textEncoders.count > 1 ? [.unet, .textEncoder, .textEncoder2] : [.unet, .textEncoder])
        loras = set
        notes += set.items.flatMap(\.lora.notes)
    }

    /// Adds the words of textual inversions.
    /// - Throws: `TextualInversionError`.
    public mutating func addWords(_ inversions: [TextualInversion]) throws(TextualInversionError) {
        guard !inversions.isEmpty else { return }
        let widths = textEncoders.map(\.config.hiddenSize)
        for index in textEncoders.indices { try textEncoders[index].add(inversions, encoder: index, widths: widths) }
    }

    // MARK: Checks

    /// - Parameters:
    ///   - unetFile: the file or folder of the UNet.
    ///   - file: that of the autoencoder.
    private func checkTogether(unet unetFile: String, autoencoder file: String) throws(GenerationError) {
        func refusal(_ reason: String) -> GenerationError { .model(file: unetFile, reason: reason) }
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

extension LatentDiffusionModel {
    /// Applies the model's LoRAs to a network's graph.
    ///
    /// Floating-point weights are merged when the runtime compiles the network, at no cost per run. Integer weights would have to
    /// be quantized again, so the low-rank product is computed at each run instead.
    /// - Returns: the report of applied keys; nil where no LoRA is for this network.
    func applyLoRAs(to sized: inout SizedGraph, _ network: AdaptedNetwork) throws -> LoRAReport? {
        guard let loras else { return nil }
        let form: LoRAForm = loraForm ?? (sized.graph.hasIntegerWeights ? .runtime : .merged)
        let (graph, report) = try loras.apply(to: sized.graph, network: network, form: form)
        sized.graph = graph
        return report.files.contains { $0.placed > 0 || !$0.unplaced.isEmpty } ? report : nil
    }

    /// Inputs of networks whose LoRAs are applied at run time: the scale of each LoRA.
    /// - Parameter scales: the scales to use instead of those that the LoRAs were added with.
    func loraScales(_ scales: [Float]?, for network: AdaptedNetwork) throws -> [String: Tensor] {
        guard let loras else { return [:] }
        var inputs = try loras.scales(for: network).mapValues { try Tensor([$0], shape: [1]) }
        for (index, scale) in (scales ?? []).enumerated() { inputs[LoRASet.scaleInput(index)] = try Tensor([scale], shape: [1]) }
        return inputs
    }
}

extension Graph {
    /// Whether matrices or kernels are stored as integers.
    fileprivate var hasIntegerWeights: Bool {
        nodes.contains { node in
            guard node.constant != nil, let shape = node.outputs[0].shape.fixed, shape.rank >= 2 else { return false }
            return [.i8, .u8, .i4, .u4, .nf4].contains(node.outputs[0].elementType) && shape.reduce(1, *) > 64
        }
    }
}

extension LatentDiffusionModel {
    /// The notes, and one where INT8 networks lose quality on this machine's processor.
    public func notes(for options: CompileOptions, on processor: Processor = .current) -> [String] {
        guard options.isForCPU, processor.saturatesInt8, unet.origin.fillsInt8 || vaeDecoder.origin.fillsInt8 else {
            return notes
        }
        return notes + [
            "INT8 weights of 8 bits overflow on this processor (it has no VNNI), and pictures lose quality; glint quantize makes "
                + "weights of 7 bits here."
        ]
    }
}

extension Network.Origin {
    /// Whether sums of rounded activations and INT8 weights can overflow 16 bits, because weights have more than 7 bits. Only the
    /// beginning of each weight tensor is looked at.
    fileprivate var fillsInt8: Bool {
        guard case .graph(let graph) = self, graph.nodes.contains(where: { $0.type == "FakeQuantize" }) else { return false }
        let examined = 4096
        return graph.nodes.contains { node in
            guard let data = node.constant, node.outputs[0].elementType == .i8 else { return false }
            return data.withUnsafeBytes { $0.prefix(examined).contains { abs(Int(Int8(bitPattern: $0))) > 64 } }
        }
    }
}
