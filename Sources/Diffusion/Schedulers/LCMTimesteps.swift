/// The timesteps of latent consistency sampling: a part of the schedule that the model was distilled on.
///
/// Reference: `LCMScheduler.set_timesteps` of diffusers, whose conditions the errors and warnings are.
struct LCMTimesteps: Sendable {
    /// Training indices, descending.
    let indices: [Int]
    /// The number of steps before `strength` cut timesteps given by hand. diffusers counts to this one to know its
    /// last step, so that after a cut it adds noise even there; what it decodes is the prediction without it.
    let countBeforeStrength: Int
    private(set) var warnings: [String] = []

    init(_ request: ScheduleRequest, config: LCMSchedulerConfig) throws(SchedulerError) {
        let trained = config.numTrainTimesteps
        let originalSteps = request.originalInferenceSteps ?? config.originalInferenceSteps
        guard (1...trained).contains(originalSteps) else { throw .originalSteps(originalSteps, trained: trained) }
        guard (0...1).contains(request.strength) else { throw .strength(request.strength) }

        let stride = trained / originalSteps
        let usedSteps = Int(Double(originalSteps) * request.strength)
        let original = (0..<usedSteps).map { ($0 + 1) * stride - 1 }

        switch request.steps {
        case .count(let count):
            guard count >= 1 else { throw .steps(count) }
            guard count <= usedSteps else {
                throw .tooManySteps(count, originalSteps: originalSteps, strength: request.strength)
            }
            // Evenly spaced from the noisy end; spelled as numpy.linspace computes it, to round as it does.
            let spacing = Double(usedSteps) / Double(count)
            indices = (0..<count).map { original[usedSteps - 1 - Int(Double($0) * spacing)] }
            countBeforeStrength = count

        case .timesteps(let timesteps):
            try Self.check(timesteps, trained: trained)
            let kept = Int(Double(timesteps.count) * request.strength)
            guard kept > 0 else { throw .noTimesteps(given: timesteps.count, strength: request.strength) }
            indices = timesteps.suffix(kept)
            countBeforeStrength = timesteps.count
            warnings = Self.warnings(timesteps, original: original, originalSteps: originalSteps, request, trained)
        }
    }

    private static func check(_ timesteps: [Int], trained: Int) throws(SchedulerError) {
        for (previous, next) in zip(timesteps, timesteps.dropFirst()) where next >= previous {
            throw .timestepsNotDescending(previous: previous, next: next)
        }
        for timestep in timesteps where !(0..<trained).contains(timestep) {
            throw .timestepOutOfRange(timestep, trained: trained)
        }
    }

    private static func warnings(
        _ timesteps: [Int], original: [Int], originalSteps: Int, _ request: ScheduleRequest, _ trained: Int
    ) -> [String] {
        var warnings: [String] = []
        if request.strength == 1, let first = timesteps.first, first != trained - 1 {
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
