import Adapters
import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore
import Tokenizers

extension LatentDiffusionModel {
    /// The model of a recipe, with all that the recipe adds to it.
    init(_ recipe: Recipe) throws {
        try self.init(
            ModelSource(ModelLocation.resolve(recipe.model)), vae: recipe.vae.map { try ModelLocation.file($0, of: "--vae") })
        if let loras = recipe.loras {
            let items = try loras.map { text in
                let (path, suffix) = text.splitSuffix { Float($0) }
                return LoRASet.Item(try LoRA(path: ModelLocation.file(path, of: "--lora").path), scale: suffix ?? 1)
            }
            try addLoRAs(try LoRASet(items, isLenient: recipe.loraLenient ?? false))
        }
        try addWords(
            (recipe.embeddings ?? []).map { text in
                // A file's name may have a colon of its own; a word has no slash.
                let (path, word) = text.splitSuffix { $0.contains("/") || $0.isEmpty ? nil : $0 }
                return try TextualInversion(path: ModelLocation.file(path, of: "--embedding").path, token: word)
            })
        try addFloatUNet(for: recipe)
    }
}

extension String {
    /// `before:after`, where `read` takes what is after the last colon; else all of it.
    fileprivate func splitSuffix<Suffix>(_ read: (String) -> Suffix?) -> (String, Suffix?) {
        guard let colon = lastIndex(of: ":"), let suffix = read(String(self[index(after: colon)...])) else { return (self, nil) }
        return (String(self[..<colon]), suffix)
    }
}

extension Recipe {
    /// What is to be drawn; what the recipe leaves open is the model's default.
    func request(_ model: LatentDiffusionModel, count: Int) throws -> GenerationRequest {
        let scheduler = try model.scheduler.named(
            self.scheduler, overriding: schedulerOverride(), isInpainting: mask != nil)
        let defaults = GenerationDefaults(model, scheduler: scheduler)
        var request = GenerationRequest(
            prompts: [prompt], width: width, height: height, numInferenceSteps: steps ?? defaults.steps,
            guidanceScale: guidanceScale ?? defaults.guidanceScale, imagesPerPrompt: count, noise: try noiseSource(),
            precision: try precision.map { try PrecisionSchedule(argument: $0) } ?? .uniform)
        request.negativePrompt = negativePrompt
        request.guidanceRescale = guidanceRescale ?? 0
        request.scheduler = scheduler
        if eta != nil, ![DDIMSchedulerConfig.className, TCDSchedulerConfig.className].contains(scheduler.className) {
            throw RecipeError.eta(scheduler: scheduler.className)
        }
        request.eta = eta
        request.clipSkip = try clipSkip.map { try ClipSkip($0) }
        request.promptMode = try promptMode.map { try Self.choice("promptMode", $0) } ?? .weighted
        request.checksSafety = safety ?? false
        if let image {
            request.initialImage = InitialImage(
                try ImageFile(path: ModelLocation.file(image, of: "--image").path).image,
                mask: try mask.map { try ImageFile(path: ModelLocation.file($0, of: "--mask").path).image },
                strength: strength ?? (mask == nil ? defaults.strength : 1))
        } else if mask != nil {
            throw RecipeError.needsImage(option: "mask")
        } else if strength != nil {
            throw RecipeError.needsImage(option: "strength")
        }
        return request
    }

    private func schedulerOverride() throws -> SchedulerOptionsOverride {
        SchedulerOptionsOverride(
            timestepSpacing: try timestepSpacing.map { try Self.choice("--timestep-spacing", $0) },
            predictionType: try predictionType.map { try Self.choice("--prediction-type", $0) })
    }

    private static func choice<Choice: RawRepresentable<String>>(_ option: String, _ text: String) throws -> Choice {
        guard let choice = Choice(rawValue: text) else { throw RecipeError.value(option: option, found: text) }
        return choice
    }

    private func noiseSource() throws -> GenerationRequest.Noise {
        if let generator = GenerationRequest.Generator(rawValue: noise) { return .seedPerPicture(first: seed, generator) }
        guard noise.hasSuffix(".npy") else { throw RecipeError.noise(noise) }
        return .tensor(try NumpyFile.read(noise), file: noise, seed: seed, .torch)
    }

    /// The recipe of one picture of a request.
    func drawn(_ picture: GeneratedPicture, _ request: GenerationRequest) -> Recipe {
        var own = self
        own.seed = picture.seed ?? seed
        (own.width, own.height) = (picture.image.width, picture.image.height)
        (own.steps, own.guidanceScale) = (request.numInferenceSteps, request.guidanceScale)
        own.strength = request.initialImage?.strength
        return own
    }

    /// Metadata of a picture: the recipe, and under the key that other programs read it the same in their notation.
    func metadata(_ request: GenerationRequest) throws -> ImageMetadata {
        var lines = [prompt]
        if let negativePrompt, !negativePrompt.isEmpty { lines.append("Negative prompt: \(negativePrompt)") }
        var parts = ["Steps: \(request.numInferenceSteps)", "Sampler: \(samplerName(request))"]
        parts += ["CFG scale: \(request.guidanceScale)", "Seed: \(seed)", "Size: \(width ?? 0)x\(height ?? 0)"]
        if let clipSkip { parts.append("Clip skip: \(clipSkip + 1)") }
        if let strength { parts.append("Denoising strength: \(strength)") }
        lines.append((parts + ["Version: glint"]).joined(separator: ", "))
        return [Self.metadataKey: try json, "parameters": lines.joined(separator: "\n")]
    }

    private func samplerName(_ request: GenerationRequest) -> String {
        let name = scheduler ?? request.scheduler?.className ?? ""
        return name.replacing("Scheduler", with: "")
    }
}
