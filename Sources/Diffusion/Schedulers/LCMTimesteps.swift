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
