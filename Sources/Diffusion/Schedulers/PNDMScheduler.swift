import TensorStore

/// The options of diffusers' `PNDMScheduler`, with its defaults.
public struct PNDMSchedulerConfig: SchedulerClassConfig {
    public static let className = "PNDMScheduler"
    /// Parameters shared by all schedulers. A `prediction_type` of `sample` is refused, as diffusers' class does.
    public var base = BaseSchedulerConfig()
    /// Whether the multistep method starts without Runge-Kutta steps, as Stable Diffusion's configs have it.
    public var skipPRKSteps = false
    /// ᾱ after the last step: 1, or that of the first training step.
    public var setAlphaToOne = false

    public init() {}

    public func scheduler(_ request: ScheduleRequest) throws(SchedulerError) -> any Scheduler {
        try PNDMScheduler(config: self, request)
    }
}

extension PNDMSchedulerConfig: ReadableSchedulerConfig {
    init(_ reader: SchedulerConfigReader) throws(SchedulerError) {
        self.init()
        try base.read(reader, .spacing)
        skipPRKSteps = try reader.flag("skip_prk_steps", default: skipPRKSteps)
        setAlphaToOne = try reader.flag("set_alpha_to_one", default: setAlphaToOne)
    }
}

/// Pseudo numerical methods for diffusion models (Liu et al. 2022, algorithm 2): three Runge-Kutta steps with four network calls
/// each, then linear multistep; or linear multistep from the start, whose second call repeats the first step.
///
/// The method depends on the number of calls so far, even if the strength has skipped the first steps, as in diffusers.
/// Reference: diffusers' `scheduling_pndm.py`.
public struct PNDMScheduler: LatentScheduler {
    public let timesteps: [Float]
    private let config: PNDMSchedulerConfig
    private let indices: [Int]
    /// The timesteps of the calls of Runge-Kutta steps, before any are skipped.
    private let rungeKutta: [Int]
    /// Training steps between two timesteps.
    private let stride: Int
    private let schedule: NoiseSchedule
    private let finalAlpha: Float

    private var calls = 0
    /// Outputs of earlier steps, the latest last; four at most.
    private var outputs: [[Float]] = []
    /// The initial sample of the current step, and the weighted outputs of its calls.
    private var begun: (sample: [Float], output: [Float])?

    /// - Throws: `SchedulerError` where the request does not fit the config's schedule, or the config is invalid.
    public init(config: PNDMSchedulerConfig, _ request: ScheduleRequest) throws(SchedulerError) {
        try config.base.validate()
        let (trained, className) = (config.numTrainTimesteps, PNDMSchedulerConfig.className)
        try SchedulerError.check(
            config.predictionType != .sample, "prediction_type", "epsilon or v_prediction for \(className)", "sample")
        let count = try request.count(trained: trained, className: className)
        let spaced = try config.timestepSpacing.indices(count: count, trained: trained, offset: config.stepsOffset)
        stride = trained / count
        let all: [Int]
        if config.skipPRKSteps {
            rungeKutta = []
            all = spaced.count > 1 ? [spaced[0], spaced[1]] + spaced.dropFirst() : spaced
        } else {
            guard count >= 4 else { throw .tooFewSteps(count, needed: 4, className: className) }
            let half = stride / 2
            rungeKutta = (0..<3).flatMap { step in
                let middle = spaced[step + 1] + half
                return [spaced[step], middle, middle, spaced[step + 1]]
            }
            all = rungeKutta + spaced.dropFirst(3)
        }
        indices = Array(all.dropFirst(try request.skippedSteps(of: count)))
        timesteps = indices.map { Float($0) }
        schedule = config.base.noiseSchedule
        finalAlpha = config.setAlphaToOne ? 1 : schedule.alphasCumprod[0]
        self.config = config
    }

    func noiseWeights(at index: Int) -> (signal: Float, noise: Float) {
        NoiseSchedule.weights(schedule.alphasCumprod[indices[index]])
    }

    mutating func step(_ index: Int, _ input: StepInput) -> (previous: [Float], denoised: [Float]) {
        let weights = noiseWeights(at: index)
        let denoised = config.predictionType.original(output: input.output, sample: input.sample, weights)
        let previous =
            calls < rungeKutta.count ? rungeKuttaCall(indices[index], input) : multistepCall(indices[index], input)
        calls += 1
        return (previous, denoised)
    }

    private mutating func rungeKuttaCall(_ timestep: Int, _ input: StepInput) -> [Float] {
        let target = timestep - (calls % 2 == 0 ? stride / 2 : 0)
        let start = rungeKutta[calls / 4 * 4]
        let phase = calls % 4
        let weight: Float = phase == 0 || phase == 3 ? 1 / 6 : 1 / 3
        var output = input.output
        if phase == 0 {
            outputs.append(input.output)
            begun = (input.sample, input.output.map { weight * $0 })
        } else if let begun {
            let sum = LatentArithmetic.sum(1, begun.output, weight, input.output)
            self.begun?.output = sum
            if phase == 3 { output = sum }
        }
        return move(begun?.sample ?? input.sample, from: start, to: target, output)
    }

    private mutating func multistepCall(_ timestep: Int, _ input: StepInput) -> [Float] {
        var (start, target, sample) = (timestep, timestep - stride, input.sample)
        if calls == 1 {
            (start, target) = (timestep + stride, timestep)
        } else {
            outputs = outputs.suffix(3) + [input.output]
        }
        let latest = Array(outputs.reversed())
        let output: [Float]
        switch outputs.count {
        case 1 where calls == 0:
            begun = (sample, [])
            output = input.output
        case 1:
            output = LatentArithmetic.combine(input.output, latest[0]) { ($0 + $1) / 2 }
            sample = begun?.sample ?? sample
        case 2: output = LatentArithmetic.combine(latest[0], latest[1]) { (3 * $0 - $1) / 2 }
        case 3: output = LatentArithmetic.sum((23, latest[0]), (-16, latest[1]), (5, latest[2])).map { $0 / 12 }
        default:
            output = LatentArithmetic.sum((55, latest[0]), (-59, latest[1]), (37, latest[2]), (-9, latest[3])).map { $0 / 24 }
        }
        return move(sample, from: start, to: target, output)
    }

    /// Formula 9 of the paper.
    private func move(_ sample: [Float], from start: Int, to target: Int, _ output: [Float]) -> [Float] {
        let alpha = schedule.alphasCumprod[start]
        let targetAlpha = schedule.alpha(at: target, orFinal: finalAlpha)
        let epsilon = config.predictionType.epsilon(output: output, sample: sample, NoiseSchedule.weights(alpha))
        let scale = (targetAlpha / alpha).squareRoot()
        let difference = targetAlpha - alpha
        let divisor = alpha * (1 - targetAlpha).squareRoot() + (alpha * (1 - alpha) * targetAlpha).squareRoot()
        return LatentArithmetic.combine(sample, epsilon) { scale * $0 - difference * $1 / divisor }
    }
}
