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

/// The spacing of timesteps over the training steps (Lin et al. 2023, table 2).
public enum TimestepSpacing: String, Sendable, CaseIterable {
    case leading, linspace, trailing
}

extension TimestepSpacing {
    /// Timesteps spread over the training steps, descending.
    ///
    /// Reference: `set_timesteps` of diffusers' schedulers, with NumPy's `linspace` and `arange` in double precision. An
    /// additional timestep at -1, which trailing spacing can give by rounding (for 61 steps over 1000, for example), is dropped.
    /// - Parameters:
    ///   - count: the number of steps, 1 to `trained`.
    ///   - end: the number of training steps to use; nil for all.
    ///   - isOpen: whether to space one more interval and drop its clean end, as for solvers, which step to σ = 0 at the end.
    ///     Trailing spacing has such an end in any case.
    ///   - isRounded: whether timesteps of `linspace` are whole numbers.
    /// - Throws: `SchedulerError.moreStepsThanTraining` where two timesteps would be equal.
    func timesteps(
        count: Int, trained: Int, end: Int? = nil, offset: Int, isOpen: Bool = false, isRounded: Bool = true
    ) throws(SchedulerError) -> [Double] {
        let end = end ?? trained
        let points = isOpen ? count + 1 : count
        var result: [Double]
        switch self {
        case .linspace:
            result = Self.linspace(0, Double(end - 1), count: points).reversed()
            if isRounded { result = result.map { $0.rounded(.toNearestOrEven) } }
        case .leading:
            let stride = end / points
            result = (0..<points).reversed().map { Double($0 * stride + offset) }
        case .trailing:
            let (start, stride) = (Double(end), Double(trained) / Double(count))
            let step = (start - stride) - start
            result = (0..<Int((start / stride).rounded(.up))).map { (start + Double($0) * step).rounded(.toNearestOrEven) - 1 }
            result.removeAll { $0 < 0 }
        }
        if isOpen, self != .trailing { result.removeLast() }
        let isDescending = zip(result, result.dropFirst()).allSatisfy { $0 > $1 }
        guard !result.isEmpty, isDescending else { throw .moreStepsThanTraining(count, trained: trained) }
        return result
    }

    /// Timesteps as training indices.
    /// - Throws: as `timesteps`; `SchedulerError.option` where `offset` leads beyond the training steps.
    func indices(count: Int, trained: Int, offset: Int) throws(SchedulerError) -> [Int] {
        let indices = try timesteps(count: count, trained: trained, offset: offset).map { Int($0) }
        try SchedulerError.check(
            indices[0] < trained, "steps_offset", "less, as \(count) steps then begin at \(indices[0]) of \(trained)", offset)
        return indices
    }

    /// `numpy.linspace`.
    static func linspace(_ start: Double, _ end: Double, count: Int) -> [Double] {
        guard count > 1 else { return [Double](repeating: start, count: count) }
        let step = (end - start) / Double(count - 1)
        return (0..<count).map { $0 == count - 1 ? end : Double($0) * step + start }
    }
}
