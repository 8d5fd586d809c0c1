import ArgumentParser
import Diffusion

/// The scheduler, and options of its own.
struct SchedulerOptions: ParsableArguments {
    @Option(help: "\(SchedulerName.all.map(\.name).joined(separator: ", ")), or a class of diffusers. (default: the model's)")
    var scheduler: String?
    @Option(help: "How timesteps spread: leading, linspace or trailing. (default: the model's)") var timestepSpacing: String?
    @Option(help: "What the UNet predicts: epsilon, v_prediction or sample. (default: the model's)") var predictionType: String?
    @Option(help: "Noise that DDIM and TCD add at each step, 0 to 1. (default: 0)") var eta: Double?

    func validate() throws {
        func check<Choice: RawRepresentable<String> & CaseIterable>(_ text: String?, _ option: String, _ type: Choice.Type) throws
        {
            guard let text, Choice(rawValue: text) == nil else { return }
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\(option) must be one of \(known); it is '\(text)'.")
        }
        if scheduler?.isEmpty == true { throw ValidationError("--scheduler must name one; it is empty.") }
        try check(timestepSpacing, "--timestep-spacing", TimestepSpacing.self)
        try check(predictionType, "--prediction-type", PredictionType.self)
    }

    func apply(to recipe: inout Recipe) {
        if let scheduler { recipe.scheduler = scheduler }
        if let timestepSpacing { recipe.timestepSpacing = timestepSpacing }
        if let predictionType { recipe.predictionType = predictionType }
        if let eta { recipe.eta = eta }
    }
}
