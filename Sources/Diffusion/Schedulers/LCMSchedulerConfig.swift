/// The options of diffusers' `LCMScheduler`, with its defaults.
public struct LCMSchedulerConfig: Sendable, Equatable {
    public var numTrainTimesteps = 1000
    public var betaStart = 0.00085
    public var betaEnd = 0.012
    public var betaSchedule = BetaSchedule.scaledLinear
    /// The betas themselves, one a training step, in place of a schedule.
    public var trainedBetas: [Double]?
    /// Steps of the schedule that the model was distilled on.
    public var originalInferenceSteps = 50
    /// Clips the predicted sample to ±`clipSampleRange`.
    public var clipSample = false
    public var clipSampleRange = 1.0
    /// ᾱ after the last step: 1, or that of the first training step. Without effect: LCM's last step adds no noise.
    public var setAlphaToOne = true
    /// Without effect, as in diffusers.
    public var stepsOffset = 0
    public var predictionType = PredictionType.epsilon
    /// Clips the predicted sample dynamically (see `DynamicThresholding`); wins over `clipSample`.
    public var thresholding = false
    public var dynamicThresholdingRatio = 0.995
    public var sampleMaxValue = 1.0
    /// Without effect, as in diffusers: LCM's timesteps are a part of the schedule it was distilled on.
    public var timestepSpacing = TimestepSpacing.leading
    /// How fast the boundary condition's weights change over the timesteps.
    public var timestepScaling = 10.0
    /// Whether the last training step is pure noise (Lin et al. 2023).
    public var rescaleBetasZeroSNR = false

    public init() {}

    /// - Throws: `SchedulerError.option` where a value has another type, or is a word that is not known.
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        numTrainTimesteps = try reader.integer("num_train_timesteps", default: numTrainTimesteps)
        betaStart = try reader.number("beta_start", default: betaStart)
        betaEnd = try reader.number("beta_end", default: betaEnd)
        betaSchedule = try reader.choice("beta_schedule", default: betaSchedule)
        trainedBetas = try reader.numbers("trained_betas")
        originalInferenceSteps = try reader.integer("original_inference_steps", default: originalInferenceSteps)
        clipSample = try reader.flag("clip_sample", default: clipSample)
        clipSampleRange = try reader.number("clip_sample_range", default: clipSampleRange)
        setAlphaToOne = try reader.flag("set_alpha_to_one", default: setAlphaToOne)
        stepsOffset = try reader.integer("steps_offset", default: stepsOffset)
        predictionType = try reader.choice("prediction_type", default: predictionType)
        thresholding = try reader.flag("thresholding", default: thresholding)
        dynamicThresholdingRatio = try reader.number("dynamic_thresholding_ratio", default: dynamicThresholdingRatio)
        sampleMaxValue = try reader.number("sample_max_value", default: sampleMaxValue)
        timestepSpacing = try reader.choice("timestep_spacing", default: timestepSpacing)
        timestepScaling = try reader.number("timestep_scaling", default: timestepScaling)
        rescaleBetasZeroSNR = try reader.flag("rescale_betas_zero_snr", default: rescaleBetasZeroSNR)
    }

    /// - Throws: `SchedulerError.option` where a number is outside its range, or there are too few betas.
    func validate() throws(SchedulerError) {
        func check(_ isValid: Bool, _ key: String, _ expected: String, _ found: some Any) throws(SchedulerError) {
            if !isValid { throw .option(key, expected: expected, found: "\(found)", file: nil) }
        }
        try check((1...1_000_000).contains(numTrainTimesteps), "num_train_timesteps", "1 to 1000000", numTrainTimesteps)
        if let trainedBetas {
            try check(
                trainedBetas.count >= numTrainTimesteps, "trained_betas",
                "a beta for each of \(numTrainTimesteps) training steps", "\(trainedBetas.count) of them")
        } else {
            try check((0..<1).contains(betaStart), "beta_start", "0 or more and less than 1", betaStart)
            try check((0..<1).contains(betaEnd), "beta_end", "0 or more and less than 1", betaEnd)
        }
        try check(clipSampleRange >= 0, "clip_sample_range", "0 or more", clipSampleRange)
        try check((0...1).contains(dynamicThresholdingRatio), "dynamic_thresholding_ratio", "0 to 1", dynamicThresholdingRatio)
    }

    /// ᾱ of each training step.
    var noiseSchedule: NoiseSchedule {
        let betas =
            trainedBetas.map { $0.map { Float($0) } }
            ?? NoiseSchedule.betas(betaSchedule, from: betaStart, to: betaEnd, count: numTrainTimesteps)
        return NoiseSchedule(betas: betas, rescaleZeroTerminalSNR: rescaleBetasZeroSNR)
    }
}
