import ModelLoading

/// A model's default settings.
struct GenerationDefaults: Sendable, Equatable {
    let steps: Int
    let guidanceScale: Double
    /// The strength for an initial image; 1 with a mask.
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
        // With one step, a turbo model can't take a strength below 1: it would skip the step.
        strength = steps < 2 ? 1 : model.takesGuidanceEmbedding || steps > 4 ? 0.8 : 0.5
    }
}
