import Diffusion
import Foundation

extension WebUIParameters {
    /// The parameters of a picture, in the web UI's order and with its names.
    init(_ description: GenerationDescription, scheduler: SchedulerConfig, checkpoint: PictureCheckpoint) {
        let (request, model) = (description.request, description.model)
        let sampler = WebUISampler(scheduler)
        let named: [(String, (any CustomStringConvertible)?)] = [
            ("Steps", request.numInferenceSteps ?? 0),
            ("Sampler", sampler.name),
            ("Schedule type", sampler.scheduleType),
            ("CFG scale", request.guidanceScale ?? 0),
            ("Seed", request.seed),
            ("Size", "\(request.width ?? 0)x\(request.height ?? 0)"),
            ("Model hash", checkpoint.hash?.short),
            ("Model", checkpoint.name),
            ("VAE", model.vae.map { URL(filePath: $0).lastPathComponent }),
            ("Denoising strength", request.strength),
            // Layers as the web UI counts them: 1 is the last one.
            ("Clip skip", request.clipSkip.map { $0.layers + 1 }),
            ("Eta DDIM", request.eta),
            // The web UI draws the same noise where it draws it on the CPU.
            ("RNG", request.noise.isOfTorch ? "CPU" : nil),
            ("Version", "glint"),
        ]
        let loras = (model.loras ?? []).enumerated().map { index, text in
            let (path, scale) = text.splitSuffix { Float($0) }
            let own = request.loraScales.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? scale ?? 1
            return " <lora:\(URL(filePath: path).deletingPathExtension().lastPathComponent):\(own)>"
        }
        self.init(
            prompt: (request.prompts.first ?? "") + loras.joined(), negativePrompt: request.negativePrompt ?? "",
            fields: named.compactMap { key, value in value.map { Field(key: key, value: "\($0)") } })
    }
}

extension GenerationRequest.Noise {
    fileprivate var isOfTorch: Bool { if case .torch = self { true } else { false } }
}
