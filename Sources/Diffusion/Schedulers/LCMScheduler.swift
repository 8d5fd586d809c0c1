import TensorStore

/// The options of diffusers' `LCMScheduler`, with its defaults.
public struct LCMSchedulerConfig: SchedulerClassConfig {
    public static let className = "LCMScheduler"
    /// `timestepSpacing` and `stepsOffset` have no effect, as in diffusers: LCM's timesteps are a subset of the schedule that the
    /// model was distilled on.
    public var base = BaseSchedulerConfig()
    /// Steps of the schedule that the model was distilled on.
    public var originalInferenceSteps = 50
    /// ᾱ after the last step: 1, or that of the first training step. Without effect: LCM's last step adds no noise.
    public var setAlphaToOne = true
    /// The rate at which the boundary condition's weights change over the timesteps.
    public var timestepScaling = 10.0

    public init() {
        base.betaStart = 0.00085
        base.betaEnd = 0.012
        base.betaSchedule = .scaledLinear
    }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try LCMScheduler(config: self, request)
    }
}

extension LCMSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.spacing, .clipping, .thresholding, .zeroSNR])
        originalInferenceSteps = try reader.integer("original_inference_steps", default: originalInferenceSteps)
        setAlphaToOne = try reader.flag("set_alpha_to_one", default: setAlphaToOne)
        timestepScaling = try reader.number("timestep_scaling", default: timestepScaling)
    }
}

/// Multistep latent consistency sampling (Luo et al. 2023, "Latent Consistency Models", algorithm 3).
///
/// Each step predicts the finished latents and, except for the last, adds noise up to the level of the next timestep.
/// Reference: diffusers' `scheduling_lcm.py`, its f32 arithmetic operation by operation. Steps agree with it to about 2·10⁻⁷ of
/// the largest magnitude, not always to the last bit: PyTorch's `sqrt` of a tensor, through MKL, is sometimes off by a unit in
/// the last place.
public struct LCMScheduler: LatentScheduler {
    public let timesteps: [Float]
    public let warnings: [String]
    private let config: LCMSchedulerConfig
    /// The steps after those that the strength skips.
    private let steps: [Step]
    private let lastPosition: Int

    /// The coefficients of one step.
    private struct Step: Sendable {
        /// √ᾱ and √(1 - ᾱ) at this timestep and at the next.
        let current, next: (signal: Float, noise: Float)
        /// The weights of sample and prediction that make the model the identity at timestep 0.
        let skip, out: Float
    }

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: LCMSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        try config.base.validate()
        let trained = config.numTrainTimesteps
        let originalSteps = request.originalInferenceSteps ?? config.originalInferenceSteps
        let plan = try LCMTimesteps(request, trained: trained, originalSteps: originalSteps) {
            LCMTimesteps.distilled(originalSteps, trained: trained, strength: $0)
        }
        let alphasCumprod = config.base.noiseSchedule.alphasCumprod
        let weights = plan.indices.map { NoiseSchedule.weights(alphasCumprod[$0]) }
        steps = plan.indices.indices.dropFirst(plan.skipped).map { index in
            let (skip, out) = Self.boundaryCondition(timestep: plan.indices[index], scaling: config.timestepScaling)
            let next = min(index + 1, plan.indices.count - 1)
            return Step(current: weights[index], next: weights[next], skip: skip, out: out)
        }
        timesteps = plan.indices.dropFirst(plan.skipped).map { Float($0) }
        lastPosition = plan.lastPosition - plan.skipped
        warnings = plan.warnings
        self.config = config
    }

    /// The scheduler for a number of steps.
    public init(
        config: LCMSchedulerConfig = .init(), numInferenceSteps: Int, originalInferenceSteps: Int? = nil,
        strength: Double = 1
    ) throws(SchedulerError) {
        let request = ScheduleRequest(
            .count(numInferenceSteps), originalInferenceSteps: originalInferenceSteps, strength: strength)
        try self.init(config: config, request)
    }

    public var finishesWithDenoised: Bool { true }

    /// True for all steps but the last. (For explicit timesteps that `.shortensOriginalSchedule` has cut, it is also true for the
    /// last one, as in diffusers: use that step's `denoised`, which its pipeline decodes.)
    public func needsNoise(at index: Int) -> Bool { index != lastPosition }

    func noiseWeights(at index: Int) -> (signal: Float, noise: Float) { steps[index].current }

    func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let step = steps[index]
        let prediction = config.base.clipped(
            config.predictionType.original(output: input.output, sample: input.sample, step.current), batch: input.batch)
        let denoised = LatentArithmetic.sum(step.out, prediction, step.skip, input.sample)
        guard needsNoise(at: index) else { return (denoised, denoised) }
        return (LatentArithmetic.sum(step.next.signal, denoised, step.next.noise, input.noise), denoised)
    }

    /// c_skip and c_out of the consistency model, with σ_data = 0.5.
    private static func boundaryCondition(timestep: Int, scaling: Double) -> (skip: Float, out: Float) {
        let scaled = Float(timestep) * Float(scaling)
        let variance = scaled * scaled + 0.25
        return (0.25 / variance, scaled / variance.squareRoot())
    }
}

/// The timesteps of consistency sampling: a subset of the schedule that the model was distilled on.
///
/// Reference: `set_timesteps` of diffusers' `LCMScheduler` and `TCDScheduler`, also for the conditions of errors and warnings,
/// and `get_timesteps` of its image-to-image pipelines.
struct LCMTimesteps: Sendable {
    /// Training indices, descending, including those that the strength skips.
    let indices: [Int]
    /// The number of steps that the strength skips.
    let skipped: Int
    /// The position of the step that adds no noise. It is the last, unless `.shortensOriginalSchedule` has cut explicit
    /// timesteps: diffusers then compares with the position of the last one before the cut, so that every step adds noise; it
    /// decodes the prediction without the noise.
    let lastPosition: Int
    private(set) var warnings: [String] = []

    /// - Parameter original: the schedule that the model was distilled on, for a number of steps and a strength.
    init(
        _ request: ScheduleRequest, trained: Int, originalSteps: Int,
        original: (_ strength: Double) -> [Int]
    ) throws(SchedulerError) {
        guard (1...trained).contains(originalSteps) else { throw .originalSteps(originalSteps, trained: trained) }
        guard (0...1).contains(request.strength) else { throw .strength(request.strength) }
        let strength = request.strengthRule == .shortensOriginalSchedule ? request.strength : 1
        let original = original(strength)

        switch request.steps {
        case .timesteps(let timesteps):
            try request.check(timesteps, trained: trained)
            let skipped = try request.skippedSteps(of: timesteps.count)
            let cuts = request.strengthRule == .shortensOriginalSchedule
            indices = cuts ? Array(timesteps.dropFirst(skipped)) : timesteps
            self.skipped = cuts ? 0 : skipped
            lastPosition = timesteps.count - 1
            warnings = Self.warnings(timesteps, original: original, originalSteps: originalSteps, strength, trained)
        case .count(let count):
            guard count >= 1 else { throw .steps(count) }
            guard count <= min(original.count, originalSteps) else {
                throw .tooManySteps(count, originalSteps: originalSteps, strength: strength)
            }
            // Evenly spaced from the noisy end; computed like numpy.linspace, to round as it does.
            let spacing = Double(original.count) / Double(count)
            indices = (0..<count).map { original[original.count - 1 - Int(Double($0) * spacing)] }
            skipped = request.strengthRule == .skipsSteps ? try request.skippedSteps(of: count) : 0
            lastPosition = count - 1
        }
    }

    /// Evenly spaced to the last training step.
    static func distilled(_ steps: Int, trained: Int, strength: Double) -> [Int] {
        let stride = trained / steps
        return (0..<Int(Double(steps) * strength)).map { ($0 + 1) * stride - 1 }
    }

    private static func warnings(
        _ timesteps: [Int], original: [Int], originalSteps: Int, _ strength: Double, _ trained: Int
    ) -> [String] {
        var warnings: [String] = []
        if strength == 1, let first = timesteps.first, first != trained - 1 {
            warnings.append("The first timestep is \(first), not \(trained - 1), where pure noise is.")
        }
        let known = Set(original)
        let strangers = timesteps.dropFirst().filter { !known.contains($0) }
        if !strangers.isEmpty {
            let list = strangers.map(String.init).joined(separator: ", ")
            warnings.append("These timesteps are not of the schedule that the model was distilled on: \(list).")
        }
        if timesteps.count > originalSteps {
            warnings.append("\(timesteps.count) timesteps are more than the \(originalSteps) the model was distilled on.")
        }
        return warnings
    }
}
