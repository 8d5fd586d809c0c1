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
        numInferenceSteps = request.timesteps?.count ?? request.numInferenceSteps ?? defaults.steps
        guidanceScale = request.guidanceScale ?? defaults.guidanceScale
        let strength = request.strength ?? (isInpainting ? 1 : defaults.strength)
        initial = try request.image.map { image in
            InitialImage(image: try image.read(), mask: try request.mask?.read(), strength: strength)
        }
        size = try OutputSize(request, model, image: initial?.image)
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
