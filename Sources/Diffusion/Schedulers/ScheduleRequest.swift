/// The steps of a picture's schedule.
public struct ScheduleRequest: Sendable, Equatable {
    public enum Steps: Sendable, Equatable {
        /// A number of steps, spaced by the scheduler.
        case count(Int)
        /// Explicit training indices, descending.
        case timesteps([Int])
    }

    /// The rule by which a strength below 1 shortens the schedule.
    public enum StrengthRule: Sendable, Equatable {
        /// The steps are planned as for strength 1, and the first ones skipped, as in diffusers' pipelines of Stable Diffusion
        /// for any scheduler.
        case skipsSteps
        /// The schedule that the model was distilled on is cut, and the requested number of steps spread over the rest, as in
        /// diffusers' `LatentConsistencyModelImg2ImgPipeline`. Schedulers other than LCM's and TCD's have no such schedule, and
        /// skip steps.
        case shortensOriginalSchedule
    }

    public var steps: Steps
    /// The number of steps of the schedule that the model was distilled on; nil for the config's.
    public var originalInferenceSteps: Int?
    /// The share of the schedule to run, at its end: 1 to begin with pure noise, less to change a picture.
    public var strength: Double
    public var strengthRule: StrengthRule
    /// The amount of noise in the steps of DDIM (η) and TCD (γ), 0 to 1; nil for none, as in diffusers' pipelines. Other
    /// schedulers ignore it, as in diffusers.
    public var eta: Double?

    public init(
        _ steps: Steps, originalInferenceSteps: Int? = nil, strength: Double = 1,
        strengthRule: StrengthRule = .skipsSteps, eta: Double? = nil
    ) {
        self.steps = steps
        self.originalInferenceSteps = originalInferenceSteps
        self.strength = strength
        self.strengthRule = strengthRule
        self.eta = eta
    }
}

extension ScheduleRequest {
    /// The explicit timesteps, checked; nil where the request has a number of steps.
    /// - Throws: `SchedulerError.timestepsNotDescending`, `.timestepOutOfRange`, `.noTimesteps`.
    func givenTimesteps(trained: Int) throws(SchedulerError) -> [Int]? {
        guard case .timesteps(let timesteps) = steps else { return nil }
        try check(timesteps, trained: trained)
        return timesteps
    }

    /// - Throws: as `givenTimesteps`.
    func check(_ timesteps: [Int], trained: Int) throws(SchedulerError) {
        guard !timesteps.isEmpty else { throw .noTimesteps(given: 0, strength: strength) }
        for (previous, next) in zip(timesteps, timesteps.dropFirst()) where next >= previous {
            throw .timestepsNotDescending(previous: previous, next: next)
        }
        for timestep in timesteps where !(0..<trained).contains(timestep) {
            throw .timestepOutOfRange(timestep, trained: trained)
        }
    }

    /// The number of steps.
    /// - Throws: `SchedulerError.steps`, `.moreStepsThanTraining`; `.timestepsNotSupported` for a scheduler that takes no
    ///   explicit timesteps.
    func count(trained: Int, className: String) throws(SchedulerError) -> Int {
        guard case .count(let count) = steps else { throw .timestepsNotSupported(className: className) }
        guard count >= 1 else { throw .steps(count) }
        guard count <= trained else { throw .moreStepsThanTraining(count, trained: trained) }
        return count
    }

    /// The number of first steps, of `count`, that the strength skips.
    ///
    /// Reference: `get_timesteps` of diffusers' image-to-image pipelines.
    /// - Throws: `SchedulerError.strength`; `.noSteps` where none is left, or `.noTimesteps` where they were explicit.
    func skippedSteps(of count: Int) throws(SchedulerError) -> Int {
        guard (0...1).contains(strength) else { throw .strength(strength) }
        let kept = min(Int(Double(count) * strength), count)
        guard kept > 0 else {
            if case .timesteps = steps { throw .noTimesteps(given: count, strength: strength) }
            throw .noSteps(of: count, strength: strength)
        }
        return count - kept
    }

    /// `eta` as a number.
    /// - Throws: `SchedulerError.eta` where it is not from 0 to 1.
    func checkedEta() throws(SchedulerError) -> Float {
        let eta = eta ?? 0
        guard (0...1).contains(eta) else { throw .eta(eta) }
        return Float(eta)
    }
}
