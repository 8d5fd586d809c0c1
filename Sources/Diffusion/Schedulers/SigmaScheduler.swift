import Foundation
import TensorStore

/// A scheduler whose samples are a picture plus noise of standard deviation σ, scaled down only for the network's input.
protocol SigmaScheduler: LatentScheduler {
    var plan: SigmaPlan { get }
}

/// The σ of a plan of steps.
struct SigmaPlan: Sendable {
    /// σ before each network call and after the last, including calls that the strength skips.
    let sigmas: [Float]
    /// The timesteps of the network calls that are not skipped.
    let timesteps: [Float]
    /// The number of network calls skipped at the beginning.
    let skipped: Int
    let initNoiseSigma: Float

    /// - Parameters:
    ///   - sigmas: σ before each network call and after the last.
    ///   - timesteps: the timesteps of all network calls.
    init(sigmas: [Float], timesteps: [Double], skipped: Int, spacing: TimestepSpacing) {
        self.sigmas = sigmas
        self.timesteps = timesteps.dropFirst(skipped).map { Float($0) }
        self.skipped = skipped
        let largest = sigmas.max() ?? 1
        initNoiseSigma = spacing == .leading ? (largest * largest + 1).squareRoot() : largest
    }
}

extension SigmaScheduler {
    public var timesteps: [Float] { plan.timesteps }
    public var initNoiseSigma: Float { plan.initNoiseSigma }

    /// σ before the network call at position `index`, and after it.
    func sigmas(at index: Int) -> (current: Float, next: Float) {
        (plan.sigmas[plan.skipped + index], plan.sigmas[plan.skipped + index + 1])
    }

    func noiseWeights(at index: Int) -> (signal: Float, noise: Float) { (1, sigmas(at: index).current) }

    public func scaleModelInput(_ sample: Tensor, at index: Int) throws(SchedulerError) -> Tensor {
        try check(position: index)
        let sigma = sigmas(at: index).current
        let scale = (sigma * sigma + 1).squareRoot()
        let elements = try LatentArithmetic.elements(of: sample, shape: sample.shape, "sample")
        return try LatentArithmetic.tensor(elements.map { $0 / scale }, shape: sample.shape)
    }
}

extension BaseSchedulerConfig {
    /// The timesteps of Euler's and Heun's steps and their σ, explicit or spaced; descending.
    func sigmaSteps(
        _ request: ScheduleRequest, _ options: SigmaOptions, className: String
    ) throws(SchedulerError) -> (timesteps: [Double], sigmas: [Double]) {
        try validate()
        try options.validate()
        let training = trainingSigmas
        let timesteps: [Double]
        if let given = try request.givenTimesteps(trained: numTrainTimesteps) {
            try options.refuseTimestepsByHand()
            timesteps = given.map { Double($0) }
        } else {
            let count = try request.count(trained: numTrainTimesteps, className: className)
            timesteps = try timestepSpacing.timesteps(
                count: count, trained: numTrainTimesteps, offset: stepsOffset, isRounded: false
            ).map { Double(Float($0)) }
        }
        let sigmas = timesteps.map { training.value(at: $0) }
        guard let spaced = options.sigmas(count: sigmas.count, from: sigmas[0], to: sigmas[sigmas.count - 1]) else {
            return (timesteps, sigmas)
        }
        return (spaced.map { training.timestep(of: $0) }, spaced)
    }
}

/// The spacing rule of the steps' σ, instead of the timesteps of `timestep_spacing`; at most one rule is on.
public struct SigmaOptions: Sendable, Equatable {
    /// Karras et al. 2022, equation 5, with ρ = 7.
    public var useKarrasSigmas = false
    /// Even spacing in log σ.
    public var useExponentialSigmas = false
    /// Even spacing in log σ from the first training step's to the last one's, with rounded timesteps (Lu et al. 2022).
    public var useLuLambdas = false
    /// The ends of Karras' and exponential spacing; nil for the schedule's own.
    public var sigmaMin: Double?
    public var sigmaMax: Double?

    public init() {}

    /// - Parameter hasLuLambdas: whether the class has `use_lu_lambdas`.
    init(_ reader: SchedulerConfigReader, hasLuLambdas: Bool = false) throws(SchedulerError) {
        useKarrasSigmas = try reader.flag("use_karras_sigmas", default: false)
        useExponentialSigmas = try reader.flag("use_exponential_sigmas", default: false)
        if hasLuLambdas { useLuLambdas = try reader.flag("use_lu_lambdas", default: false) }
        sigmaMin = try reader.number("sigma_min")
        sigmaMax = try reader.number("sigma_max")
        try reader.refuse("use_beta_sigmas", unless: false)
    }

    /// The name of the option that is on; nil where σ follow the timesteps.
    var rule: String? {
        useKarrasSigmas
            ? "use_karras_sigmas" : useExponentialSigmas ? "use_exponential_sigmas" : useLuLambdas ? "use_lu_lambdas" : nil
    }

    func validate() throws(SchedulerError) {
        try SchedulerError.check(
            !(useKarrasSigmas && useExponentialSigmas), "use_exponential_sigmas", "false where use_karras_sigmas is true", true)
        for (key, value) in [("sigma_min", sigmaMin), ("sigma_max", sigmaMax)] {
            if let value { try SchedulerError.check(value > 0, key, "more than 0", value) }
        }
    }

    /// - Throws: `SchedulerError.timestepsWithSpacedSigmas` where a rule is on.
    func refuseTimestepsByHand() throws(SchedulerError) {
        if let rule { throw .timestepsWithSpacedSigmas(option: rule) }
    }

    /// σ by the rule that is on, descending; nil where none is on.
    /// - Parameters: the ends of the schedule.
    func sigmas(count: Int, from largest: Double, to smallest: Double) -> [Double]? {
        let (first, last) = (sigmaMax ?? largest, sigmaMin ?? smallest)
        if useKarrasSigmas {
            let (high, low) = (pow(first, 1 / 7), pow(last, 1 / 7))
            return TimestepSpacing.linspace(0, 1, count: count).map { pow(high + $0 * (low - high), 7) }
        }
        if useLuLambdas {
            // The table's logarithms are in single precision.
            let (high, low) = (Double(log(Float(largest))), Double(log(Float(smallest))))
            return TimestepSpacing.linspace(0, 1, count: count).map { exp(high + $0 * (low - high)) }
        }
        return useExponentialSigmas ? TimestepSpacing.linspace(log(first), log(last), count: count).map { exp($0) } : nil
    }
}

/// The noise level after the last step.
public enum FinalSigmas: String, Sendable, CaseIterable {
    case zero
    /// σ of the first training step.
    case sigmaMin = "sigma_min"
}
