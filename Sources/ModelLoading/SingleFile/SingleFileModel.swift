import Architectures
import Foundation
import TensorStore
import Tokenizers

/// A model in one safetensors file, under any name, with the tensor names of CompVis' latent-diffusion (Stable Diffusion 1 and 2) or
/// Stability's generative-models (XL).
///
/// Tensors are looked up by diffusers' names in the mapped file, without conversion. Configs are derived from the tensors; the
/// scheduler and the tokenizers are those of the first published model of the same kind, as in diffusers' `from_single_file`.
struct SingleFileModel: Sendable {
    let url: URL
    let kind: SingleFileKind
    let components: [String: Component]
    let notes: [String]
    let scheduler: JSONValue

    /// - Throws: `SafetensorsError`; `ModelError.notAModel` for a file of another kind.
    init(_ url: URL) throws {
        let checkpoint = try SafetensorsCheckpoint(path: url.path)
        let tensors = Weights(checkpoint, source: url.path)
        let unet = Self.unet(tensors)
        guard !unet.entries.isEmpty else {
            throw ModelError.notAModel(path: url.path, reason: SingleFileKind.explanation(tensors))
        }
        kind = try SingleFileKind(tensors, unet: unet, metadata: checkpoint.metadata, url: url)
        self.url = url
        notes = kind.notes
        scheduler = kind.scheduler

        var parts: [String: Component] = [:]
        func add(_ name: String, _ library: String, _ className: String, _ part: Component.Part?) {
            parts[name] = Component(name: name, library: library, className: className, folder: url, part: part)
        }
        let encoders = Self.textEncoders(tensors, kind.generation)
        for (name, part) in encoders {
            add(name, "transformers", name == "text_encoder" ? "CLIPTextModel" : "CLIPTextModelWithProjection", part)
        }
        let projection = encoders["text_encoder_2"]?.weights.entries["text_projection.weight"]?.shape.first
        let kind = kind
        add(
            "unet", "diffusers", "UNet2DConditionModel",
            .init(
                config: Result {
                    try UNet2DConditionModel.config(of: unet, sampleSize: kind.sampleSize, textProjection: projection)
                },
                weights: unet))
        if let vae = Self.autoencoder(tensors) {
            add(
                "vae", "diffusers", "AutoencoderKL",
                .init(
                    config: Result { try AutoencoderKL.config(of: vae, scalingFactor: kind.family.scalingFactor) }, weights: vae))
        }
        add("scheduler", "diffusers", scheduler["_class_name"]?.string ?? "", nil)
        for name in kind.tokenizers { add(name, "transformers", "CLIPTokenizer", nil) }
        components = parts
    }

    var pipelineClass: String { kind.pipelineClass }

    /// Whether the file has a UNet and no other network.
    var isUNetAlone: Bool { !components.keys.contains { $0 == "vae" || $0.hasPrefix("text_encoder") } }

    var options: [String: JSONValue] {
        kind.generation == .sdxl ? ["force_zeros_for_empty_prompt": true] : ["requires_safety_checker": false]
    }

    /// The model_index.json that diffusers would write.
    var index: JSONValue {
        let parts = components.values.sorted { $0.name < $1.name }.map { part in
            (part.name, JSONValue?.some(.strings([part.library, part.className])))
        }
        let options = options.sorted { $0.key < $1.key }.map { ($0.key, JSONValue?.some($0.value)) }
        return .members([("_class_name", .string(pipelineClass))] + parts + options)
    }

    /// CLIP's own tokenizer; Stable Diffusion 2's and XL's second one pad with "!".
    func tokenizer(_ name: String) throws(TokenizerError) -> CLIPTokenizer {
        var configuration = CLIPTokenizerConfiguration()
        if name == "tokenizer_2" || kind.generation == .sd2 { configuration.padToken = AddedToken("!") }
        return try CLIPTokenizer(vocabulary: .clip(), configuration: configuration)
    }

    // MARK: Parts

    /// The UNet's tensors with diffusers' names, from a whole model or from a UNet alone.
    static func unet(_ tensors: Weights) -> Weights {
        let nested = tensors.under("model.diffusion_model.")
        if !nested.entries.isEmpty { return nested.namingUNetAsDiffusers() }
        let isUNet =
            tensors.contains("input_blocks.0.0.weight")
            || tensors.contains("conv_in.weight") && tensors.contains("down_blocks.0.resnets.0.conv1.weight")
                && tensors.contains("time_embedding.linear_1.weight")
        return isUNet ? tensors.namingUNetAsDiffusers() : Weights([:], source: tensors.source)
    }

    /// The autoencoder's tensors; nil where there are none.
    static func autoencoder(_ tensors: Weights) -> Weights? {
        let nested = ["first_stage_model.", "vae."].lazy.map(tensors.under).first { !$0.entries.isEmpty }
        return nested?.namingAutoencoderAsDiffusers()
    }

    private static func textEncoders(_ tensors: Weights, _ generation: SingleFileKind.Generation) -> [String: Component.Part] {
        var parts: [String: Component.Part] = [:]
        let places =
            generation == .sdxl
            ? ["text_encoder": "conditioner.embedders.0.", "text_encoder_2": "conditioner.embedders.1."]
            : ["text_encoder": "cond_stage_model."]
        for (name, prefix) in places {
            let (transformers, openCLIP) = (tensors.under("\(prefix)transformer."), tensors.under("\(prefix)model."))
            if !transformers.entries.isEmpty {
                // The second encoder is open_clip's in both forms.
                let activation: Activation = name == "text_encoder_2" || generation == .sd2 ? .gelu : .quickGELU
                let weights = transformers.renamed {
                    $0.hasPrefix("text_model.text_projection.") ? String($0.dropFirst("text_model.".count)) : $0
                }
                parts[name] = .init(
                    config: Result { try CLIPTextModel.config(of: weights, activation: activation) }, weights: weights)
            } else if !openCLIP.entries.isEmpty {
                var weights = openCLIP.namingOpenCLIPAsTransformers()
                if generation == .sd2 { weights = weights.without("text_projection.weight") }
                let skipped = generation == .sd2 ? skippedLayers(weights) : 0
                parts[name] = .init(
                    config: Result { [weights] in
                        try CLIPTextModel.config(of: weights, activation: .gelu, skippedLayers: skipped)
                    }, weights: weights)
            }
        }
        return parts
    }

    /// Stable Diffusion 2 uses the states before the last of 24 layers. Files converted back from diffusers have only the 23
    /// layers in use.
    private static func skippedLayers(_ weights: Weights) -> Int {
        weights.contains("encoder.layers.23.layer_norm1.weight")
            || !weights.contains("encoder.layers.22.layer_norm1.weight") ? 1 : 0
    }
}

extension Weights {
    fileprivate func without(_ name: String) -> Weights { Weights(entries.filter { $0.key != name }, source: source) }
}
