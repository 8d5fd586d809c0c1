import ModelLoading

/// What a model is usually drawn with, where a user says nothing.
struct GenerationDefaults: Sendable, Equatable {
    let steps: Int
    let guidanceScale: Double
    /// Of a picture to begin with; with a mask, all is drawn anew.
    let strength: Double

    /// - Parameter scheduler: the one that is used, which tells what the model was distilled for.
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
        // A turbo model's one step is left out by any strength below 1.
        strength = steps < 2 ? 1 : model.takesGuidanceEmbedding || steps > 4 ? 0.8 : 0.5
    }
}
