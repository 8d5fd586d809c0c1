import Diffusion
import Testing

/// Conditions of `LCMScheduler.set_timesteps`; the timesteps themselves are compared in `SchedulerGoldenTests`.
@Suite struct LCMTimestepsTests {
    private func timesteps(
        _ steps: ScheduleRequest.Steps, original: Int? = nil, strength: Double = 1,
        rule: ScheduleRequest.StrengthRule = .shortensOriginalSchedule
    ) throws -> [Float] {
        let request = ScheduleRequest(steps, originalInferenceSteps: original, strength: strength, strengthRule: rule)
        return try LCMScheduler(config: .init(), request).timesteps
    }

    @Test func knownSchedules() throws {
        #expect(try timesteps(.count(4)) == [999, 759, 499, 259])
        #expect(try timesteps(.count(1)) == [999])
        #expect(try timesteps(.count(2), strength: 0.5) == [499, 259])
        #expect(try timesteps(.timesteps([999, 500, 3]), strength: 0.7) == [500, 3])
        #expect(try timesteps(.count(4), strength: 0.5, rule: .skipsSteps) == [499, 259])
        #expect(try timesteps(.timesteps([999, 500, 3]), strength: 0.7, rule: .skipsSteps) == [500, 3])
    }

    @Test func countsThatDoNotFitAreErrors() {
        #expect(throws: SchedulerError.steps(0)) { try timesteps(.count(0)) }
        #expect(throws: SchedulerError.steps(-3)) { try timesteps(.count(-3)) }
        #expect(throws: SchedulerError.tooManySteps(51, originalSteps: 50, strength: 1)) { try timesteps(.count(51)) }
        #expect(throws: SchedulerError.tooManySteps(26, originalSteps: 50, strength: 0.5)) {
            try timesteps(.count(26), strength: 0.5)
        }
        #expect(throws: SchedulerError.tooManySteps(1, originalSteps: 50, strength: 0)) {
            try timesteps(.count(1), strength: 0)
        }
        #expect(throws: SchedulerError.noSteps(of: 4, strength: 0.2)) {
            try timesteps(.count(4), strength: 0.2, rule: .skipsSteps)
        }
        #expect(throws: SchedulerError.originalSteps(1001, trained: 1000)) { try timesteps(.count(4), original: 1001) }
        #expect(throws: SchedulerError.originalSteps(0, trained: 1000)) { try timesteps(.count(4), original: 0) }
    }

    @Test(arguments: [-0.1, 1.5, .infinity]) func strengthIsAShare(_ strength: Double) {
        #expect(throws: SchedulerError.strength(strength)) { try timesteps(.count(4), strength: strength) }
    }

    @Test func timestepsByHandMustDescendWithinTraining() {
        #expect(throws: SchedulerError.timestepsNotDescending(previous: 500, next: 500)) {
            try timesteps(.timesteps([999, 500, 500]))
        }
        #expect(throws: SchedulerError.timestepOutOfRange(1000, trained: 1000)) { try timesteps(.timesteps([1000, 3])) }
        #expect(throws: SchedulerError.timestepOutOfRange(-1, trained: 1000)) { try timesteps(.timesteps([3, -1])) }
        #expect(throws: SchedulerError.noTimesteps(given: 0, strength: 1)) { try timesteps(.timesteps([])) }
        #expect(throws: SchedulerError.noTimesteps(given: 2, strength: 0.4)) {
            try timesteps(.timesteps([999, 499]), strength: 0.4)
        }
    }

    @Test func unusualTimestepsAreToldOf() throws {
        func warnings(_ timesteps: [Int], original: Int? = nil, strength: Double = 1) throws -> [String] {
            try LCMScheduler(
                config: .init(),
                ScheduleRequest(
                    .timesteps(timesteps), originalInferenceSteps: original, strength: strength,
                    strengthRule: .shortensOriginalSchedule)
            ).warnings
        }
        #expect(try warnings([999, 499]).isEmpty)
        #expect(try warnings([979, 499]) == ["The first timestep is 979, not 999, where pure noise is."])
        #expect(try warnings([979, 499], strength: 0.9).isEmpty == true)
        #expect(
            try warnings([999, 500, 499, 3]) == [
                "These timesteps are not of the schedule that the model was distilled on: 500, 3."
            ])
        #expect(
            try warnings([999, 499, 249], original: 2) == [
                "These timesteps are not of the schedule that the model was distilled on: 249.",
                "3 timesteps are more than the 2 the model was distilled on.",
            ])
        #expect(try LCMScheduler(numInferenceSteps: 4).warnings.isEmpty)
    }
}
