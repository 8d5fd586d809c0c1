import Adapters
import Architectures
import Foundation
import Imaging
import ModelLoading
import TensorStore

/// A checked request to one model, with the model's defaults filled in and its files read.
public struct ResolvedRequest: Sendable {
    /// The request with steps, guidance scale, size and strength filled in; it does not depend on defaults.
    public let request: GenerationRequest
    public let numInferenceSteps: Int
    public let guidanceScale: Double
    public let scheduler: SchedulerConfig
    /// Defaults that the initial image led to, a sentence each.
    public let notes: [String]
    let size: OutputSize
    /// nil to begin with noise.
    let initial: InitialImage?
    /// The noise of a tensor or file, and its name.
    let noise: (tensor: Tensor, name: String)?

    /// - Throws: `GenerationError`, `SchedulerError`, `NumpyError`, `ImageError`, `FileError`.
    public init(_ request: GenerationRequest, _ model: LatentDiffusionModel) throws {
        try request.check()
        try request.check(model)
        let isInpainting = request.mask != nil
        scheduler =
            if case .config(let config) = request.scheduler {
                config
            } else {
                try model.scheduler.named(
                    request.schedulerName, overriding: request.schedulerOptions, isInpainting: isInpainting)
            }
        if let eta = request.eta, ![DDIMSchedulerConfig.className, TCDSchedulerConfig.className].contains(scheduler.className) {
            throw GenerationError.option(
                "eta", value: "\(eta)", expected: "left out for \(scheduler.className): only DDIM and TCD take it")
        }
        let defaults = GenerationDefaults(model, scheduler: scheduler)
        let start = StepsAndStrength(
            request, defaults, scheduler: scheduler, rule: model.scheduler.strengthRule(isInpainting: isInpainting))
        (numInferenceSteps, guidanceScale) = (start.steps, request.guidanceScale ?? defaults.guidanceScale)
        let strength = start.strength
        initial = try request.image.map { image in
            InitialImage(image: try image.read(), mask: try request.mask?.read(), strength: strength)
        }
        size = try OutputSize(request, model, image: initial?.image)
        notes = [initial.flatMap { [size] in size.note(request, image: $0.image) }, start.note].compactMap(\.self)
        noise =
            switch request.noise {
            case .torch, .numpy: nil
            case .file(let path, _): (try NumpyFile.read(path), path)
            case .tensor(let tensor, let name, _): (tensor, name)
            }

        var complete = request
        (complete.numInferenceSteps, complete.guidanceScale) = (numInferenceSteps, guidanceScale)
        (complete.width, complete.height) = (size.width, size.height)
        if initial != nil { complete.strength = strength }
        self.request = complete
    }

    /// The requested schedule.
    func schedule(_ strengthRule: ScheduleRequest.StrengthRule) -> ScheduleRequest {
        // With a mask and initial noise alone, the strength is 1.
        ScheduleRequest(
            request.timesteps.map { .timesteps($0) } ?? .count(numInferenceSteps),
            originalInferenceSteps: request.originalInferenceSteps, strength: initial?.strength ?? 1,
            strengthRule: strengthRule, eta: request.eta)
    }
}

/// A decoded initial image.
struct InitialImage: Sendable {
    /// Resized to the size of the output.
    let image: RGBImage
    /// White where the image is redrawn; nil to change all of it. Resized likewise.
    let mask: RGBImage?
    /// Above 0 to 1.
    let strength: Double
}

extension GenerationRequest {
    /// Checks everything that does not depend on the model: ranges of options, and options that require another.
    ///
    /// `LatentDiffusionPipeline` checks every request.
    /// - Throws: `GenerationError`.
    public func check() throws(GenerationError) {
        guard !prompts.isEmpty else { throw .noPrompts }
        if let index = prompts.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) { throw .emptyPrompt(index: index) }
        if prompts.contains(where: { $0.utf8.contains(0) }) { throw .nul(option: "prompt") }
        if negativePrompt?.utf8.contains(0) == true { throw .nul(option: "negative prompt") }
        for option in Self.options {
            if let value = option.refused(self) { throw .option(option.key, value: value, expected: option.expected) }
        }
        guard imagesPerPrompt <= Self.mostPictures / prompts.count else {
            throw .option("count", value: "\(imagesPerPrompt)", expected: "at most \(Self.mostPictures) for all prompts together")
        }
        if image == nil, mask != nil { throw .needsImage(option: "mask") }
        if image == nil, strength != nil { throw .needsImage(option: "strength") }
    }

    /// Checks everything that depends on the model.
    func check(_ model: LatentDiffusionModel) throws {
        func refusal(_ reason: String) -> GenerationError { .model(file: model.source.url.path, reason: reason) }
        for encoder in model.textEncoders {
            _ = try ClipSkip.output(of: model.family, layerCount: encoder.config.numHiddenLayers, skip: clipSkip)
        }
        if model.takesMaskedLatents, mask == nil {
            throw refusal("its UNet fills in parts of pictures: it needs a picture and a mask")
        }
        if image != nil { _ = try model.encoder() }
        if let loraScales {
            let count = model.loras?.items.count ?? 0
            guard loraScales.count == count else {
                throw GenerationError.option("lora_scales", value: "\(loraScales)", expected: "a number for each of \(count)")
            }
            guard model.loraForm == .runtime else {
                throw refusal("its LoRAs are merged into the weights; their scales can be changed where loraForm is .runtime")
            }
        }
        guard checksSafety else { return }
        guard model.hasSafetyChecker else { throw refusal("it has no safety checker") }
        // A checker with damaged files is refused before any picture is drawn.
        _ = try model.safetyChecker()
    }

    /// Whether a preview is due after step `index`.
    func wantsPreview(after index: Int, of count: Int) -> Bool {
        previewInterval.map { (index + 1) % $0 == 0 && index + 1 < count } ?? false
    }
}
