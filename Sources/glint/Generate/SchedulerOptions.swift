public import ArgumentParser
public import Diffusion

extension TimestepSpacing: ExpressibleByArgument {}
extension PredictionType: ExpressibleByArgument {}

/// The scheduler, and its options.
struct SchedulerOptions: ParsableArguments {
    @Option(help: "\(SchedulerName.all.map(\.name).joined(separator: ", ")), or a class of diffusers. (default: the model's)")
    var scheduler: String?
    @Option(help: "How timesteps spread: leading, linspace or trailing. (default: the model's)")
    var timestepSpacing: TimestepSpacing?
    @Option(help: "What the UNet predicts: epsilon, v_prediction or sample. (default: the model's)")
    var predictionType: PredictionType?
    @Option(help: "Noise that DDIM and TCD add at each step, 0 to 1. (default: 0)") var eta: Double?

    func validate() throws {
        if scheduler?.isEmpty == true { throw ValidationError("--scheduler must name one; it is empty.") }
    }

    func apply(to request: inout GenerationRequest) {
        if let scheduler { request.scheduler = .named(scheduler) }
        if let timestepSpacing { request.schedulerOptions.timestepSpacing = timestepSpacing }
        if let predictionType { request.schedulerOptions.predictionType = predictionType }
        if let eta { request.eta = eta }
    }
}
