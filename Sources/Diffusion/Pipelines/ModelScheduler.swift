import ModelLoading
import TensorStore

/// A model's scheduler config, and the schedulers that may replace it.
public struct ModelScheduler: Sendable {
    private let json: JSONValue
    private let file: String
    private let pipelineClass: String

    /// Reads the file; its class need not be supported where another scheduler is chosen.
    /// - Throws: `SchedulerError.file`, `FileError`, `ModelError`.
    init(_ source: ModelSource) throws {
        (json, file) = try source.schedulerConfig()
        pipelineClass = source.pipelineClass
        guard json.object != nil else { throw SchedulerError.file(file, reason: "it must be an object in braces.") }
    }

    /// The scheduler called `name`, with the model's options as far as the scheduler has them.
    /// - Parameters:
    ///   - name: one of `SchedulerName.all`, or one of diffusers' classes; nil for the model's own.
    ///   - isInpainting: whether the request has a mask, for which diffusers corrects other options.
    /// - Throws: `SchedulerError`.
    public func named(
        _ name: String?, overriding override: SchedulerOptionsOverride = .init(), isInpainting: Bool = false
    ) throws(SchedulerError) -> SchedulerConfig {
        let corrections = Corrections(pipelineClass)
        guard let name else {
            let own = try SchedulerConfig(json: json, file: file, overriding: override)
            return corrections.applied(to: own, isInpainting: isInpainting) { _ in true }
        }
        // Another class takes its options from the file, and has its own defaults for the rest.
        let other = try SchedulerConfig.named(name, from: json, file: file, overriding: override)
        return corrections.applied(to: other, isInpainting: isInpainting) { json[$0] != nil }
    }

    /// The rule for strengths below 1: the schedule that the model was distilled on is cut, or steps are skipped.
    func strengthRule(isInpainting: Bool) -> ScheduleRequest.StrengthRule {
        // Only `StableDiffusionInpaintPipeline` fills in parts by a latent consistency model.
        pipelineClass.hasPrefix("LatentConsistencyModel") && !isInpainting ? .shortensOriginalSchedule : .skipsSteps
    }
}

/// Options that diffusers' pipelines of Stable Diffusion 1 and 2 (not SDXL's) set in their scheduler's config, overriding the
/// file.
private struct Corrections {
    private let pipelineClass: String

    init(_ pipelineClass: String) { self.pipelineClass = pipelineClass }

    /// - Parameter concerns: whether the option of a name is corrected.
    func applied(to config: SchedulerConfig, isInpainting: Bool, concerns: (String) -> Bool) -> SchedulerConfig {
        guard !pipelineClass.hasPrefix("StableDiffusionXL"), isInpainting || pipelineClass.hasPrefix("StableDiffusion") else {
            return config
        }
        var config = config
        if concerns("steps_offset") { config.options.base.stepsOffset = 1 }
        if !isInpainting {
            if concerns("clip_sample") { config.options.base.clipSample = false }
        } else if concerns("skip_prk_steps"), var options = config.options as? PNDMSchedulerConfig {
            options.skipPRKSteps = true
            config.options = options
        }
        return config
    }
}
