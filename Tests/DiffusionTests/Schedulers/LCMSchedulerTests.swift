import Diffusion
import TensorStore
import Testing

/// The steps are compared in `SchedulerGoldenTests`.
@Suite struct LCMSchedulerTests {
    @Test func theLastStepReadsNoNoise() throws {
        var scheduler = try LCMScheduler(numInferenceSteps: 2)
        #expect(scheduler.needsNoise(at: 0) && !scheduler.needsNoise(at: 1))
        let tensor = try Tensor(zeros: [1, 4, 2, 2])
        let last = try scheduler.step(1, output: tensor, sample: tensor, noise: nil)
        #expect(try last.previous.elements(as: Float.self) == last.denoised.elements())
        #expect(throws: SchedulerError.noise(position: 0)) {
            try scheduler.step(0, output: tensor, sample: tensor, noise: nil)
        }
    }

    /// Timesteps by hand, cut as the original schedule is: diffusers adds noise at the last step too, and decodes without it.
    @Test func whatIsDecodedIsThePrediction() throws {
        func needsNoise(_ rule: ScheduleRequest.StrengthRule) throws -> [Bool] {
            let request = ScheduleRequest(.timesteps([999, 759, 499, 259]), strength: 0.5, strengthRule: rule)
            let scheduler = try LCMScheduler(config: .init(), request)
            #expect(scheduler.timesteps == [499, 259])
            #expect(scheduler.finishesWithDenoised)
            return scheduler.timesteps.indices.map { scheduler.needsNoise(at: $0) }
        }
        #expect(try needsNoise(.shortensOriginalSchedule) == [true, true])
        #expect(try needsNoise(.skipsSteps) == [true, false])
    }

    @Test func wrongInputsAreErrors() throws {
        var scheduler = try LCMScheduler(numInferenceSteps: 4)
        let sample = try Tensor(zeros: [1, 4, 2, 2])
        let narrow = try Tensor(zeros: [1, 4, 2, 1])
        let double = try Tensor(zeros: [1, 4, 2, 2], of: .f64)
        func step(_ index: Int, _ output: Tensor, _ sample: Tensor, _ noise: Tensor) throws {
            _ = try scheduler.step(index, output: output, sample: sample, noise: noise)
        }
        #expect(throws: SchedulerError.position(4, count: 4)) { try step(4, sample, sample, sample) }
        #expect(throws: SchedulerError.position(-1, count: 4)) { try step(-1, sample, sample, sample) }
        #expect(throws: SchedulerError.position(4, count: 4)) { try scheduler.addNoise(sample, to: sample, at: 4) }
        #expect(throws: SchedulerError.tensor("model output", expected: "f32 [1, 4, 2, 2]", found: "f32 [1, 4, 2, 1]")) {
            try step(0, narrow, sample, sample)
        }
        #expect(throws: SchedulerError.tensor("noise", expected: "f32 [1, 4, 2, 2]", found: "f32 [1, 4, 2, 1]")) {
            try step(0, sample, sample, narrow)
        }
        #expect(throws: SchedulerError.tensor("sample", expected: "f32 [1, 4, 2, 2]", found: "f64 [1, 4, 2, 2]")) {
            try step(0, sample, double, sample)
        }
    }

    @Test func impossibleOptionsAreErrors() throws {
        var config = LCMSchedulerConfig()
        config.trainedBetas = [0.1, 0.2]
        #expect(
            throws: SchedulerError.option(
                "trained_betas", expected: "a beta for each of 1000 training steps", found: "2 of them", file: nil)
        ) { try LCMScheduler(config: config, numInferenceSteps: 4) }

        config = LCMSchedulerConfig()
        config.numTrainTimesteps = 0
        #expect(throws: SchedulerError.self) { try LCMScheduler(config: config, numInferenceSteps: 1) }

        config = LCMSchedulerConfig()
        config.dynamicThresholdingRatio = 1.5
        #expect(throws: SchedulerError.self) { try LCMScheduler(config: config, numInferenceSteps: 1) }
    }
}
