/// Which steps a picture is to take.
public struct ScheduleRequest: Sendable, Equatable {
    public enum Steps: Sendable, Equatable {
        /// A number of steps, spaced by the scheduler.
        case count(Int)
        /// At these training indices, descending.
        case timesteps([Int])
    }

    /// How a strength below 1 shortens the way from noise to picture.
    public enum StrengthRule: Sendable, Equatable {
        /// The steps are planned as for strength 1, and the first ones left out: diffusers' pipelines of Stable Diffusion,
        /// whatever the scheduler.
        case skipsSteps
        /// The schedule that the model was distilled on is cut, and as many steps as asked for are taken of what is left:
        /// diffusers' `LatentConsistencyModelImg2ImgPipeline`. Other schedulers than LCM's and TCD's have no such schedule,
        /// and skip steps.
        case shortensOriginalSchedule
    }

    public var steps: Steps
    /// Of the schedule that an LCM was distilled on; nil for the config's.
    public var originalInferenceSteps: Int?
    /// The part of the schedule that is taken, its end: 1 from pure noise, less to change a picture.
    public var strength: Double
    public var strengthRule: StrengthRule
    /// How much noise the steps of DDIM (η) and TCD (γ) add, 0 to 1; nil for none, as in diffusers' pipelines. Other
    /// schedulers ignore it, as there.
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
    /// The timesteps given by hand, once they are checked; nil where a number of steps is asked for.
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
    /// - Throws: `SchedulerError.steps`, `.moreStepsThanTraining`, and for a scheduler that takes none by hand,
    ///   `.timestepsNotSupported`.
    func count(trained: Int, className: String) throws(SchedulerError) -> Int {
        guard case .count(let count) = steps else { throw .timestepsNotSupported(className: className) }
        guard count >= 1 else { throw .steps(count) }
        guard count <= trained else { throw .moreStepsThanTraining(count, trained: trained) }
        return count
    }

    /// How many of `count` steps the strength leaves out at the beginning.
    ///
    /// Reference: `get_timesteps` of diffusers' image-to-image pipelines.
    /// - Throws: `SchedulerError.strength`; `.noSteps` where none is left, or `.noTimesteps` where they were given by hand.
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
