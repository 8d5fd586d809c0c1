import Foundation

/// The weights of the terms of a step of DPM-Solver, from one noise level to another: the multistep and the single-step forms
/// differ only in the levels of the predictions, and so in D₁ and D₂.
struct DPMSolverCoefficients {
    let sample: Float
    /// The weights of D₀, the prediction, and of D₁ and D₂.
    let differences: [Float]
    let noise: Float

    init(
        _ algorithm: DPMSolverMultistepSchedulerConfig.AlgorithmType,
        _ solver: DPMSolverMultistepSchedulerConfig.SolverType, order: Int, from start: SolverPlan.Level,
        to end: SolverPlan.Level
    ) {
        let h = end.lambda - start.lambda
        // Third-order steps have the forms of Heun's second order, and one more.
        let isMidpoint = order == 2 && solver == .midpoint
        let weights: [Float]
        switch algorithm {
        case .dpmsolverPlusPlus:
            let decay = exp(-h) - 1
            weights = [
                -(end.alpha * decay), isMidpoint ? -0.5 * (end.alpha * decay) : end.alpha * (decay / h + 1),
                -(end.alpha * ((decay + h) / (h * h) - 0.5)),
            ]
            (sample, noise) = (end.sigma / start.sigma, 0)
        case .dpmsolver:
            let growth = exp(h) - 1
            weights = [
                -(end.sigma * growth), isMidpoint ? -0.5 * (end.sigma * growth) : -(end.sigma * (growth / h - 1)),
                -(end.sigma * ((growth - h) / (h * h) - 0.5)),
            ]
            (sample, noise) = (end.alpha / start.alpha, 0)
        case .sdeDPMSolverPlusPlus:
            let decay = 1 - exp(-2 * h)
            weights = [
                end.alpha * decay, isMidpoint ? 0.5 * (end.alpha * decay) : end.alpha * (decay / (-2 * h) + 1),
                end.alpha * ((decay - 2 * h) / (4 * h * h) - 0.5),
            ]
            (sample, noise) = (end.sigma / start.sigma * exp(-h), end.sigma * decay.squareRoot())
        case .sdeDPMSolver:
            let growth = exp(h) - 1
            weights = [
                -2 * (end.sigma * growth), isMidpoint ? -(end.sigma * growth) : -2 * (end.sigma * (growth / h - 1)),
            ]
            (sample, noise) = (end.alpha / start.alpha, end.sigma * (exp(2 * h) - 1).squareRoot())
        }
        differences = Array(weights.prefix(order))
    }

    /// The sample after the step.
    /// - Parameters:
    ///   - predictions: D₀, and D₁ and D₂ as far as the order has them.
    ///   - noise: empty where the step adds none.
    func step(_ start: [Float], _ predictions: [[Float]], noise draw: [Float]) -> [Float] {
        var result = LatentArithmetic.sum(sample, start, differences[0], predictions[0])
        for (weight, difference) in zip(differences, predictions).dropFirst() {
            result = LatentArithmetic.sum(1, result, weight, difference)
        }
        return draw.isEmpty ? result : LatentArithmetic.sum(1, result, noise, draw)
    }
}

extension DPMSolverMultistepSchedulerConfig.AlgorithmType {
    /// The solver's variable: x̂₀, or the ε̂ that agrees with a clipped x̂₀.
    func prediction(
        _ input: StepInput, _ denoised: [Float], _ base: BaseSchedulerConfig, _ weights: (signal: Float, noise: Float)
    ) -> [Float] {
        if predictsPicture { return denoised }
        return base.thresholding
            ? PredictionType.sample.epsilon(output: denoised, sample: input.sample, weights)
            : base.predictionType.epsilon(output: input.output, sample: input.sample, weights)
    }
}
