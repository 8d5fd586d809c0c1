import Architectures
import Foundation
import ModelGraph
import TensorStore

/// The kind of model in a single file, derived from its tensors' names and sizes; the rest is assumed.
struct SingleFileKind: Sendable {
    enum Generation: Sendable { case sd1, sd2, sdxl }

    let generation: Generation
    let prediction: PredictionEvidence
    /// Channels of the UNet's input: 4, or 9 for inpainting.
    let inputChannels: Int
    /// Whether the UNet takes a guidance embedding.
    let isLatentConsistencyModel: Bool
    /// Whether the model was distilled to few steps by adversarial diffusion, which only the file's name shows.
    let isTurbo: Bool
    /// Height and width of the latents in training.
    let sampleSize: Int
    let notes: [String]

    /// - Throws: `ModelError.notAModel` for an unsupported model in the same layout.
    init(_ tensors: Weights, unet: Weights, metadata: [String: String], url: URL) throws(ModelError) {
        if tensors.entries.keys.contains(where: { $0.hasPrefix("conditioner.embedders.0.model.") }) {
            throw .notAModel(path: url.path, reason: "it is the refiner of Stable Diffusion XL, which is not supported")
        }
        if tensors.entries.keys.contains(where: { $0 == "scaled_fp8" || $0.hasSuffix(".scale_weight") }) {
            throw .notAModel(
                path: url.path,
                reason:
                    "its weights are 8 bits with a scale beside each (scaled_fp8), which are not supported; take it in 16 bits")
        }
        if tensors.contains("edm_mean") {
            throw .notAModel(path: url.path, reason: "it is Playground 2.5, whose noise is scaled in a way that is not supported")
        }
        let isLinear = unet.entries.contains { $0.key.hasSuffix(".proj_in.weight") && $0.value.shape.rank == 2 }
        generation =
            if unet.contains("add_embedding.linear_1.weight") {
                .sdxl
            } else if isLinear || tensors.entries.keys.contains(where: { $0.hasPrefix("cond_stage_model.model.") }) {
                .sd2
            } else {
                .sd1
            }
        let input = unet.entries["conv_in.weight"]?.shape ?? []
        inputChannels = input.rank == 4 ? input[1] : 4
        isLatentConsistencyModel = unet.contains("time_embedding.cond_proj.weight")
        // Stable Diffusion 2's inpainting model predicts noise.
        let prediction = PredictionEvidence(tensors, metadata, url, isSD2: generation == .sd2 && inputChannels != 9)
        self.prediction = prediction
        let name = url.deletingPathExtension().lastPathComponent.lowercased()
        isTurbo = name.contains("turbo") && generation != .sd1
        let turboNote = "By its name, \(url.lastPathComponent) is a turbo model; trailing timesteps were assumed."
        notes = prediction.notes + (isTurbo ? [turboNote] : [])
        let trained: Int =
            switch generation {
            case .sd1: 64
            case .sd2: prediction.prediction == .velocity ? 96 : 64
            case .sdxl: name.contains("sd_xl_turbo") || name.contains("sdxl-turbo") || name.contains("sdxl_turbo") ? 64 : 128
            }
        sampleSize = Self.sampleSize(metadata) ?? trained
    }

    var family: LatentFamily { generation == .sdxl ? .sdxl : .sd }

    var tokenizers: [String] { generation == .sdxl ? ["tokenizer", "tokenizer_2"] : ["tokenizer"] }

    /// Other numbers of channels belong to tasks without a class here, which the pipeline reports.
    var pipelineClass: String {
        switch (generation, inputChannels) {
        case (.sdxl, 9): "StableDiffusionXLInpaintPipeline"
        case (.sdxl, 8): "StableDiffusionXLInstructPix2PixPipeline"
        case (.sdxl, _): "StableDiffusionXLPipeline"
        case (_, 9): "StableDiffusionInpaintPipeline"
        case (_, 8): "StableDiffusionInstructPix2PixPipeline"
        case (_, 7): "StableDiffusionUpscalePipeline"
        default: isLatentConsistencyModel ? "LatentConsistencyModelPipeline" : "StableDiffusionPipeline"
        }
    }

    // MARK: Properties without tensors

    /// The size of the latents, from `WIDTHxHEIGHT` in pixels.
    private static func sampleSize(_ metadata: [String: String]) -> Int? {
        let sides = metadata["modelspec.resolution"]?.split(separator: "x").compactMap { Int($0) } ?? []
        guard sides.count == 2, sides[0] == sides[1], (64...8192).contains(sides[0]), sides[0] % 8 == 0 else { return nil }
        return sides[0] / 8
    }

    /// The scheduler config of stable-diffusion-v1-5, stable-diffusion-2-1 or stable-diffusion-xl-base-1.0; for turbo models, of
    /// sd-turbo or sdxl-turbo.
    var scheduler: JSONValue {
        let className =
            switch generation {
            case _ where isLatentConsistencyModel: "LCMScheduler"
            case .sd1: "PNDMScheduler"
            case .sdxl where isTurbo: "EulerAncestralDiscreteScheduler"
            case .sd2 where isTurbo: "EulerDiscreteScheduler"
            case .sd2: inputChannels == 9 ? "PNDMScheduler" : "DDIMScheduler"
            case .sdxl: "EulerDiscreteScheduler"
            }
        let isEuler = className.hasPrefix("Euler")
        return .members([
            ("_class_name", .string(className)), ("beta_start", 0.00085), ("beta_end", 0.012),
            ("beta_schedule", "scaled_linear"), ("num_train_timesteps", 1000), ("steps_offset", 1),
            ("prediction_type", .string(prediction.prediction.rawValue)), ("trained_betas", .null),
            ("clip_sample", isEuler ? nil : false),
            ("set_alpha_to_one", isEuler ? nil : .bool(isLatentConsistencyModel)),
            ("skip_prk_steps", className == "PNDMScheduler" ? true : nil),
            ("interpolation_type", isEuler ? "linear" : nil),
            ("use_karras_sigmas", isEuler ? false : nil),
            ("original_inference_steps", isLatentConsistencyModel ? 50 : nil),
            ("rescale_betas_zero_snr", prediction.hasZeroTerminalSNR ? true : nil),
            ("timestep_spacing", prediction.hasZeroTerminalSNR || isTurbo ? "trailing" : "leading"),
        ])
    }

    // MARK: Other files

    /// The reason why a file without a supported UNet is not a model; begins with "it".
    static func explanation(_ tensors: Weights) -> String {
        let names = tensors.entries.keys
        func has(_ part: String) -> Bool { names.contains { $0.contains(part) } }
        if has("lora_") || has(".lora.") || has("lora_A") || has("hada_") || has("lokr_") {
            return "it is a LoRA, which is added to a model (--lora)"
        }
        if has("joint_blocks.") || has("double_blocks.") || has("transformer_blocks.0.attn.add_") {
            return "it is a transformer, as of Stable Diffusion 3 or Flux, which are not supported"
        }
        if has("control_model.") || has("controlnet_") { return "it is a ControlNet, which is not supported" }
        if SingleFileAutoencoder(tensors) != nil {
            return "it is an autoencoder alone, which is given beside a model (--vae)"
        }
        return "it has none of the tensors of a Stable Diffusion model (model.diffusion_model.…)"
    }
}
