import TensorStore

/// The common options of diffusers' schedulers.
///
/// A scheduler class that lacks an option leaves it at the default here.
public struct BaseSchedulerConfig: Sendable, Equatable {
    public var numTrainTimesteps = 1000
    public var betaStart = 0.0001
    public var betaEnd = 0.02
    public var betaSchedule = BetaSchedule.linear
    /// The betas themselves, one for each training step; they replace the schedule.
    public var trainedBetas: [Double]?
    /// Whether the last training step is pure noise (Lin et al. 2023).
    public var rescaleBetasZeroSNR = false
    public var predictionType = PredictionType.epsilon
    public var timestepSpacing = TimestepSpacing.leading
    /// Added to timesteps with leading spacing; 0 to `numTrainTimesteps`.
    public var stepsOffset = 0
    /// Clips the predicted sample to ±`clipSampleRange`.
    public var clipSample = false
    public var clipSampleRange = 1.0
    /// Clips the predicted sample dynamically (see `DynamicThresholding`); takes precedence over `clipSample`.
    public var thresholding = false
    public var dynamicThresholdingRatio = 0.995
    public var sampleMaxValue = 1.0

    /// Options that only some classes have.
    struct Optional: OptionSet {
        let rawValue: Int
        static let clipping = Optional(rawValue: 1)
        static let thresholding = Optional(rawValue: 2)
        static let zeroSNR = Optional(rawValue: 4)
        static let spacing = Optional(rawValue: 8)
    }

    public init() {}

    /// Reads the options of the class from a file.
    /// - Throws: `SchedulerError.option` where a value has another type, or is an unknown word.
    mutating func read(_ reader: SchedulerConfigReader, _ optional: Optional) throws(SchedulerError) {
        numTrainTimesteps = try reader.integer("num_train_timesteps", default: numTrainTimesteps)
        betaStart = try reader.number("beta_start", default: betaStart)
        betaEnd = try reader.number("beta_end", default: betaEnd)
        betaSchedule = try reader.choice("beta_schedule", default: betaSchedule)
        trainedBetas = try reader.numbers("trained_betas")
        predictionType = try reader.choice("prediction_type", default: predictionType)
        if optional.contains(.spacing) {
            timestepSpacing = try reader.choice("timestep_spacing", default: timestepSpacing)
            stepsOffset = try reader.integer("steps_offset", default: stepsOffset)
        }
        if optional.contains(.zeroSNR) {
            rescaleBetasZeroSNR = try reader.flag("rescale_betas_zero_snr", default: rescaleBetasZeroSNR)
        }
        if optional.contains(.clipping) {
            clipSample = try reader.flag("clip_sample", default: clipSample)
            clipSampleRange = try reader.number("clip_sample_range", default: clipSampleRange)
        }
        if optional.contains(.thresholding) {
            thresholding = try reader.flag("thresholding", default: thresholding)
            dynamicThresholdingRatio = try reader.number("dynamic_thresholding_ratio", default: dynamicThresholdingRatio)
            sampleMaxValue = try reader.number("sample_max_value", default: sampleMaxValue)
        }
    }

    /// - Throws: `SchedulerError.option` where a number is out of range, or there are too few betas.
    func validate() throws(SchedulerError) {
        try SchedulerError.check(
            (1...1_000_000).contains(numTrainTimesteps), "num_train_timesteps", "1 to 1000000", numTrainTimesteps)
        if let trainedBetas {
            try SchedulerError.check(
                trainedBetas.count >= numTrainTimesteps, "trained_betas",
                "a beta for each of \(numTrainTimesteps) training steps", "\(trainedBetas.count) of them")
        } else {
            try SchedulerError.check((0..<1).contains(betaStart), "beta_start", "0 or more and less than 1", betaStart)
            try SchedulerError.check((0..<1).contains(betaEnd), "beta_end", "0 or more and less than 1", betaEnd)
        }
        try SchedulerError.check(
            (0...numTrainTimesteps).contains(stepsOffset), "steps_offset", "0 to \(numTrainTimesteps)", stepsOffset)
        try SchedulerError.check(clipSampleRange >= 0, "clip_sample_range", "0 or more", clipSampleRange)
        try SchedulerError.check(
            (0...1).contains(dynamicThresholdingRatio), "dynamic_thresholding_ratio", "0 to 1", dynamicThresholdingRatio)
    }

    /// ᾱ of each training step.
    var noiseSchedule: NoiseSchedule {
        let betas =
            trainedBetas.map { $0.map { Float($0) } }
            ?? NoiseSchedule.betas(betaSchedule, from: betaStart, to: betaEnd, count: numTrainTimesteps)
        return NoiseSchedule(betas: betas, rescaleZeroTerminalSNR: rescaleBetasZeroSNR)
    }

    /// σ of each training step.
    var trainingSigmas: TrainingSigmas { TrainingSigmas(noiseSchedule, isRescaled: rescaleBetasZeroSNR) }

    /// The predicted sample x̂₀, clipped as the config says.
    func clipped(_ sample: [Float], batch: Int) -> [Float] {
        var sample = sample
        if thresholding {
            DynamicThresholding(ratio: dynamicThresholdingRatio, maximum: sampleMaxValue).apply(to: &sample, batch: batch)
        } else if clipSample {
            let range = Float(clipSampleRange)
            // Comparisons let NaN through, as torch.clamp does.
            sample = sample.map { $0 > range ? range : $0 < -range ? -range : $0 }
        }
        return sample
    }
}

/// Dynamic thresholding (Saharia et al. 2022, Imagen): each sample of the batch is clipped at a high percentile of its
/// magnitudes, and divided by it. For pixel-space models; latents are not bounded.
///
/// Reference: `_threshold_sample` of diffusers' schedulers, with `torch.quantile`'s interpolation.
struct DynamicThresholding: Sendable {
    /// The quantile, 0 to 1.
    let ratio: Double
    /// The highest threshold; the lowest is 1.
    let maximum: Double

    /// - Parameter batch: the number of samples, concatenated in `elements`.
    func apply(to elements: inout [Float], batch: Int) {
        let size = elements.count / max(batch, 1)
        guard size > 0 else { return }
        for start in stride(from: 0, to: elements.count, by: size) {
            let quantile = quantile(elements[start..<start + size].map(abs))
            let threshold = quantile.isNaN ? quantile : min(max(quantile, 1), Float(maximum))
            for index in start..<start + size {
                elements[index] = min(max(elements[index], -threshold), threshold) / threshold
            }
        }
    }

    /// The quantile, interpolated between the two nearest ranks; NaN where an element is NaN.
    private func quantile(_ elements: [Float]) -> Float {
        if elements.contains(where: \.isNaN) { return .nan }
        let sorted = elements.sorted()
        let rank = Float(ratio) * Float(sorted.count - 1)
        let below = sorted[Int(rank)]
        let above = sorted[min(Int(rank.rounded(.up)), sorted.count - 1)]
        let weight = rank - rank.rounded(.down)
        return weight < 0.5 ? below + weight * (above - below) : above - (above - below) * (1 - weight)
    }
}
