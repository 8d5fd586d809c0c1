import ModelLoading

/// A model's default settings.
struct GenerationDefaults: Sendable, Equatable {
    let steps: Int
    let guidanceScale: Double
    /// The strength for an initial image without a mask.
    let strength: Double

    /// - Parameter scheduler: the scheduler in use; its config shows how the model was distilled.
    init(_ model: LatentDiffusionModel, scheduler: SchedulerConfig) {
        (steps, guidanceScale) =
            if model.takesGuidanceEmbedding {
                (4, 8)
            } else if scheduler.className == LCMSchedulerConfig.className {
                (4, 1)
            } else if scheduler.className == TCDSchedulerConfig.className {
                (4, 0)
            } else if model.source.name.lowercased().contains("turbo") {
                (1, 0)
            } else {
                (25, model.family == .sdxl ? 5 : 7.5)
            }
        strength = model.takesGuidanceEmbedding || steps > 4 ? 0.8 : 0.5
    }
}

/// The number of steps and the strength of a request, with defaults under which an initial image has an effect.
struct StepsAndStrength: Sendable, Equatable {
    let steps: Int
    /// 1 without an initial image.
    let strength: Double
    /// A default that is not the model's own, or a strength that leaves nothing of the image, as a sentence; nil for neither.
    private(set) var note: String?

    init(
        _ request: GenerationRequest, _ defaults: GenerationDefaults, scheduler: SchedulerConfig,
        rule: ScheduleRequest.StrengthRule
    ) {
        let given = request.timesteps?.count ?? request.numInferenceSteps
        guard request.image != nil else {
            (steps, strength) = (given ?? defaults.steps, 1)
            return
        }
        strength = request.strength ?? (request.mask == nil ? defaults.strength : 1)
        steps = given ?? Self.steps(defaults.steps, strength, scheduler, rule, request.originalInferenceSteps)
        if given == nil, steps != defaults.steps {
            note =
                "With this picture the default is \(steps) step\(steps == 1 ? "" : "s") at strength \(strength), in place of \(defaults.steps): "
                + (steps > defaults.steps ? "fewer would leave none to run." : "the strength leaves no more.")
        } else if strength == 1, request.mask == nil {
            note = "At strength 1 nothing of the picture is left; a smaller strength keeps some of it."
        }
    }

    /// The number nearest to `standard` of which the strength leaves a step.
    private static func steps(
        _ standard: Int, _ strength: Double, _ scheduler: SchedulerConfig, _ rule: ScheduleRequest.StrengthRule, _ original: Int?
    ) -> Int {
        // Other strengths are refused later.
        guard strength > 0, strength <= 1 else { return standard }
        let distilled =
            (scheduler.options as? LCMSchedulerConfig)?.originalInferenceSteps
            ?? (scheduler.options as? TCDSchedulerConfig)?.originalInferenceSteps
        if rule == .shortensOriginalSchedule, let distilled {
            // As many steps as this are refused later.
            let all = min(original ?? distilled, 1 << 20)
            return min(standard, max(1, Int(Double(all) * strength)))
        }
        let needed = (1 / strength).rounded(.up)
        guard Int(Double(standard) * strength) < 1, needed < Double(scheduler.options.numTrainTimesteps) else { return standard }
        // The product may be rounded to a little less than 1.
        return needed * strength < 1 ? Int(needed) + 1 : Int(needed)
    }
}
