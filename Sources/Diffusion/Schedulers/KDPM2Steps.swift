import Foundation
import TensorStore

/// A scheduler of the second order of DPM-Solver over σ, as in k-diffusion: each step but the last calls the network at its
/// beginning and at its middle in log σ, whose slope leads from the beginning to the end.
///
/// At even positions the step is to the middle; at odd ones it is taken again by the slope there.
protocol KDPM2Scheduler: SigmaScheduler {
    var steps: [KDPM2Step] { get }
    var predictionType: PredictionType { get }
    /// The sample at the start of the current step.
    var begun: [Float]? { get set }
}

/// The σ of a step.
struct KDPM2Step: Sendable {
    let start: Float
    /// 0 in the last step, which ends there.
    let middle: Float
    /// Below the next step's start where noise is added.
    let end: Float
    /// The standard deviation of the noise that is added at the end.
    var noise: Float = 0
}

extension KDPM2Scheduler {
    func step(at index: Int) -> KDPM2Step { steps[(plan.skipped + index) / 2] }

    func isSecondCall(_ index: Int) -> Bool { (plan.skipped + index) % 2 == 1 }

    func inputSigma(at index: Int) -> Float {
        let step = step(at: index)
        return isSecondCall(index) ? step.middle : step.start
    }

    mutating func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let step = step(at: index)
        let sigma = inputSigma(at: index)
        let original = predictionType.original(output: input.output, sample: input.sample, sigma: sigma)
        let slope = LatentArithmetic.combine(input.sample, original) { ($0 - $1) / sigma }
        guard isSecondCall(index), let begun else {
            begun = input.sample
            return (LatentArithmetic.sum(1, input.sample, step.middle - step.start, slope), original)
        }
        self.begun = nil
        let end = LatentArithmetic.sum(1, begun, step.end - step.start, slope)
        return (input.noise.isEmpty ? end : LatentArithmetic.sum(1, end, step.noise, input.noise), original)
    }
}

extension BaseSchedulerConfig {
    /// The plan of the calls, and the σ of the steps.
    /// - Parameter step: a step from one σ to the next; the last ends at 0.
    func kdpm2Plan(
        _ request: ScheduleRequest, _ options: SigmaOptions, className: String,
        step: (_ start: Float, _ next: Float) -> KDPM2Step
    ) throws(SchedulerError) -> (plan: SigmaPlan, steps: [KDPM2Step]) {
        try SchedulerError.check(
            predictionType != .sample, "prediction_type", "epsilon or v_prediction for \(className)", "sample")
        if case .timesteps = request.steps { throw .timestepsNotSupported(className: className) }
        let spaced = try sigmaSteps(request, options, className: className)
        let sigmas = spaced.sigmas.map { Float($0) }
        let steps = zip(sigmas, sigmas.dropFirst() + [0]).map { step($0, $1) }
        let training = trainingSigmas
        let starts = options.useKarrasSigmas ? spaced.timesteps.map { $0.rounded(.toNearestOrEven) } : spaced.timesteps
        let timesteps = zip(starts, steps).flatMap { [$0, training.timestep(of: Double($1.middle))] }.dropLast()
        let plan = SigmaPlan(
            sigmas: SigmaPlan.callsTwice(sigmas) + [0], timesteps: Array(timesteps),
            skipped: 2 * (try request.skippedSteps(of: sigmas.count)), spacing: timestepSpacing)
        return (plan, steps)
    }
}

extension KDPM2Step {
    /// The σ halfway between two in log σ.
    static func middle(_ a: Float, _ b: Float) -> Float {
        let (first, second) = (log(a), log(b))
        // torch.lerp's form for weights of a half and more.
        return exp(second - (second - first) * 0.5)
    }
}
