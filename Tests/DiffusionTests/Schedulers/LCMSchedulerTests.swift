import Diffusion
import Foundation
import TensorStore
import TestSupport
import Testing

/// Against diffusers 0.42.1, step by step: `Tests/Goldens/scheduler/make.py`.
@Suite struct LCMSchedulerTests {
    struct Golden: Decodable, CustomTestStringConvertible {
        struct Request: Decodable {
            let numInferenceSteps: Int?
            let originalInferenceSteps: Int?
            let strength: Double?
            let timesteps: [Int]?
        }

        struct Step: Decodable {
            let previous: [Float]
            let denoised: [Float]
        }

        let name: String
        let seed: Int
        let outputScale: Float
        let request: Request
        /// A whole `scheduler_config.json`.
        let config: String
        let timesteps: [Float]
        /// The case's first sample after `addNoise` of ones at position 0.
        let noisy: [Float]
        let steps: [Step]

        var testDescription: String { name }

        func scheduler() throws -> any Scheduler {
            let steps: ScheduleRequest.Steps =
                if let timesteps = request.timesteps { .timesteps(timesteps) } else {
                    .count(try #require(request.numInferenceSteps))
                }
            return try SchedulerConfig(json: JSONValue(parsing: config.utf8), file: "scheduler_config.json").scheduler(
                ScheduleRequest(
                    steps, originalInferenceSteps: request.originalInferenceSteps, strength: request.strength ?? 1))
        }

        static func load() throws -> [Golden] {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode([Golden].self, from: Data(contentsOf: Goldens.url("scheduler/scheduler.json")))
        }
    }

    /// Every prediction type, clipping, thresholding, beta schedule and way to choose timesteps; the inputs are draws
    /// of one generator, and each step starts from the reference's sample.
    @Test(arguments: try Golden.load())
    func stepsMatchDiffusers(_ golden: Golden) throws {
        let shape: Shape = [2, 4, 3, 2]
        var scheduler = try golden.scheduler()
        #expect(scheduler.timesteps == golden.timesteps)
        #expect(scheduler.initNoiseSigma == 1)
        var noise = TorchNoise(seed: golden.seed)
        var sample = try noise.normal(shape)

        let ones = try Tensor([Float](repeating: 1, count: 48), shape: shape)
        let noisy = try scheduler.addNoise(ones, to: sample, at: 0)
        expectClose(try noisy.elements(), golden.noisy, tolerance: 1e-6, "noisy")
        #expect(try scheduler.scaleModelInput(sample, at: 0).elements() == sample.elements(as: Float.self))

        for (index, reference) in golden.steps.enumerated() {
            let output = try Tensor(noise.normal(count: 48).map { $0 * golden.outputScale }, shape: shape)
            let added = scheduler.needsNoise(at: index) ? try noise.normal(shape) : nil
            let step = try scheduler.step(index, output: output, sample: sample, noise: added)
            #expect(step.previous.shape == shape)
            expectClose(try step.denoised.elements(), reference.denoised, tolerance: 1e-6, "denoised \(index)")
            expectClose(try step.previous.elements(), reference.previous, tolerance: 1e-6, "previous \(index)")
            sample = try Tensor(reference.previous, shape: shape)
        }
        #expect(golden.steps.count == scheduler.timesteps.count)
    }

    @Test func goldensCoverTheOptions() throws {
        let goldens = try Golden.load()
        #expect(goldens.count >= 18)
        #expect(Set(goldens.map(\.timesteps.count)).isSuperset(of: [1, 2, 4, 8, 50]))
    }

    @Test func theLastStepReadsNoNoise() throws {
        let scheduler = try LCMScheduler(numInferenceSteps: 2)
        #expect(scheduler.needsNoise(at: 0) && !scheduler.needsNoise(at: 1))
        let tensor = try Tensor(zeros: [1, 4, 2, 2])
        let last = try scheduler.step(1, output: tensor, sample: tensor, noise: nil)
        #expect(try last.previous.elements(as: Float.self) == last.denoised.elements())
        #expect(throws: SchedulerError.noise(position: 0)) {
            try scheduler.step(0, output: tensor, sample: tensor, noise: nil)
        }
    }

    @Test func wrongInputsAreErrors() throws {
        let scheduler = try LCMScheduler(numInferenceSteps: 4)
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
