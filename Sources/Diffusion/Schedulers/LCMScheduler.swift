public import TensorStore

/// Multistep latent consistency sampling (Luo et al. 2023, "Latent Consistency Models", algorithm 3).
///
/// Each step predicts the finished latents and, but for the last, adds noise again to the level of the next timestep.
/// Reference: diffusers' `scheduling_lcm.py`, its f32 arithmetic operation by operation. Steps agree with it to about
/// 2·10⁻⁷ of the largest magnitude, not always to the last bit: PyTorch's `sqrt` of a tensor, through MKL, is now and
/// then a unit in the last place off.
public struct LCMScheduler: Scheduler {
    public let timesteps: [Float]
    public let warnings: [String]
    private let config: LCMSchedulerConfig
    private let steps: [Step]
    private let countBeforeStrength: Int

    /// The numbers of one step.
    private struct Step: Sendable {
        /// √ᾱ and √(1 - ᾱ) at this timestep and at the next.
        let current, next: (signal: Float, noise: Float)
        /// The weights of sample and prediction that make the model the identity at timestep 0.
        let skip, out: Float
    }

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is impossible.
    public init(config: LCMSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        try config.validate()
        let plan = try LCMTimesteps(request, config: config)
        let alphasCumprod = config.noiseSchedule.alphasCumprod
        let weights = plan.indices.map { NoiseSchedule.weights(alphasCumprod[$0]) }
        steps = plan.indices.indices.map { index in
            let (skip, out) = Self.boundaryCondition(timestep: plan.indices[index], scaling: config.timestepScaling)
            let next = min(index + 1, plan.indices.count - 1)
            return Step(current: weights[index], next: weights[next], skip: skip, out: out)
        }
        timesteps = plan.indices.map { Float($0) }
        countBeforeStrength = plan.countBeforeStrength
        warnings = plan.warnings
        self.config = config
    }

    /// The scheduler of so many steps.
    public init(
        config: LCMSchedulerConfig = .init(), numInferenceSteps: Int, originalInferenceSteps: Int? = nil,
        strength: Double = 1
    ) throws(SchedulerError) {
        let request = ScheduleRequest(
            .count(numInferenceSteps), originalInferenceSteps: originalInferenceSteps, strength: strength)
        try self.init(config: config, request)
    }

    /// True for all but the last step. (After timesteps given by hand were cut by a strength below 1, true for the
    /// last one too, as in diffusers: use that step's `denoised`, which diffusers' pipelines decode.)
    public func needsNoise(at index: Int) -> Bool { index != countBeforeStrength - 1 }

    public func step(_ index: Int, output: Tensor, sample: Tensor, noise: Tensor?) throws(SchedulerError)
        -> SchedulerStep
    {
        try check(position: index)
        let step = steps[index]
        let shape = sample.shape
        let sample = try LatentArithmetic.elements(of: sample, shape: shape, "sample")
        let output = try LatentArithmetic.elements(of: output, shape: shape, "model output")

        let prediction = predictedOriginal(output: output, sample: sample, step.current, batch: shape.first ?? 1)
        let denoised = LatentArithmetic.sum(step.out, prediction, step.skip, sample)
        let result = try LatentArithmetic.tensor(denoised, shape: shape)
        guard needsNoise(at: index) else { return SchedulerStep(previous: result, denoised: result) }

        guard let noise else { throw .noise(position: index) }
        let added = try LatentArithmetic.elements(of: noise, shape: shape, "noise")
        let previous = LatentArithmetic.sum(step.next.signal, denoised, step.next.noise, added)
        return SchedulerStep(previous: try LatentArithmetic.tensor(previous, shape: shape), denoised: result)
    }

    public func addNoise(_ noise: Tensor, to latents: Tensor, at index: Int) throws(SchedulerError) -> Tensor {
        try check(position: index)
        let shape = latents.shape
        let weights = steps[index].current
        let sample = LatentArithmetic.sum(
            weights.signal, try LatentArithmetic.elements(of: latents, shape: shape, "latents"),
            weights.noise, try LatentArithmetic.elements(of: noise, shape: shape, "noise"))
        return try LatentArithmetic.tensor(sample, shape: shape)
    }

    /// x̂₀, clipped as the config says.
    private func predictedOriginal(
        output: [Float], sample: [Float], _ weights: (signal: Float, noise: Float), batch: Int
    ) -> [Float] {
        var prediction =
            switch config.predictionType {
            case .epsilon:
                LatentArithmetic.combine(sample, output) { ($0 - weights.noise * $1) / weights.signal }
            case .sample: output
            case .vPrediction: LatentArithmetic.sum(weights.signal, sample, -weights.noise, output)
            }
        if config.thresholding {
            DynamicThresholding(ratio: config.dynamicThresholdingRatio, maximum: config.sampleMaxValue)
                .apply(to: &prediction, batch: batch)
        } else if config.clipSample {
            let range = Float(config.clipSampleRange)
            // Comparisons let NaN through, as torch.clamp does.
            prediction = prediction.map { $0 > range ? range : $0 < -range ? -range : $0 }
        }
        return prediction
    }

    /// c_skip and c_out of the consistency model, with σ_data = 0.5.
    private static func boundaryCondition(timestep: Int, scaling: Double) -> (skip: Float, out: Float) {
        let scaled = Float(timestep) * Float(scaling)
        let variance = scaled * scaled + 0.25
        return (0.25 / variance, scaled / variance.squareRoot())
    }
}
