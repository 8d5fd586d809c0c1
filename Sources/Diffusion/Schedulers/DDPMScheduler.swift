import TensorStore

import Foundation

/// The options of diffusers' `DDPMScheduler`, with its defaults.
public struct DDPMSchedulerConfig: SchedulerClassConfig {
    public static let className = "DDPMScheduler"
    public var base = BaseSchedulerConfig()
    public var varianceType = VarianceType.fixedSmall

    /// The variance of a step's noise. Learned variances are not supported: latent models do not predict them.
    public enum VarianceType: String, Sendable, CaseIterable {
        /// β̃, the variance of the posterior.
        case fixedSmall = "fixed_small"
        /// β̃, computed from its logarithm.
        case fixedSmallLog = "fixed_small_log"
        /// β.
        case fixedLarge = "fixed_large"
    }

    public init() { base.clipSample = true }

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try DDPMScheduler(config: self, request)
    }
}

extension DDPMSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, [.spacing, .clipping, .thresholding, .zeroSNR])
        varianceType = try reader.choice("variance_type", default: varianceType)
    }
}

/// Denoising diffusion probabilistic models (Ho et al. 2020, formula 7): each step samples the posterior.
///
/// Reference: diffusers' `scheduling_ddpm.py`.
public struct DDPMScheduler: LatentScheduler {
    public let timesteps: [Float]
    private let config: DDPMSchedulerConfig
    private let indices: [Int]
    private let alphasCumprod: [Float]

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: DDPMSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        try config.base.validate()
        let trained = config.numTrainTimesteps
        let all: [Int]
        if let given = try request.givenTimesteps(trained: trained) {
            all = given
        } else {
            let count = try request.count(trained: trained, className: DDPMSchedulerConfig.className)
            all = try config.timestepSpacing.indices(count: count, trained: trained, offset: config.stepsOffset)
        }
        indices = Array(all.dropFirst(try request.skippedSteps(of: all.count)))
        timesteps = indices.map { Float($0) }
        alphasCumprod = config.base.noiseSchedule.alphasCumprod
        self.config = config
    }

    /// True except at timestep 0.
    public func needsNoise(at index: Int) -> Bool { timesteps.indices.contains(index) && indices[index] > 0 }

    func noiseWeights(at index: Int) -> (signal: Float, noise: Float) { NoiseSchedule.weights(alphasCumprod[indices[index]]) }

    func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let alpha = alphasCumprod[indices[index]]
        let previousAlpha = index + 1 < indices.count ? alphasCumprod[indices[index + 1]] : 1
        let ratio = alpha / previousAlpha
        let beta = 1 - ratio
        let original = config.base.clipped(
            config.predictionType.original(output: input.output, sample: input.sample, NoiseSchedule.weights(alpha)),
            batch: input.batch)
        let mean = LatentArithmetic.sum(
            previousAlpha.squareRoot() * beta / (1 - alpha), original,
            ratio.squareRoot() * (1 - previousAlpha) / (1 - alpha), input.sample)
        guard needsNoise(at: index) else { return (mean, original) }
        let posterior = max((1 - previousAlpha) / (1 - alpha) * beta, 1e-20)
        let deviation =
            switch config.varianceType {
            case .fixedSmall: posterior.squareRoot()
            case .fixedSmallLog: exp(0.5 * log(posterior))
            case .fixedLarge: beta.squareRoot()
            }
        return (LatentArithmetic.sum(1, mean, deviation, input.noise), original)
    }
}
