import Diffusion
import Foundation
import TensorStore
import TestSupport
import Testing

/// A class's config in another class: diffusers' `from_config`.
struct SchedulerReplacement: Decodable, CustomTestStringConvertible {
    struct Replacement: Decodable {
        let className: String
        let seed: Int
        let timesteps: [Float]
        /// After five steps from noise, with draws of the generator as outputs.
        let sample: [Float]
    }

    /// A `scheduler_config.json` with all of the class's options.
    let config: String
    let replacements: [Replacement]

    var testDescription: String { config }

    static func load() throws -> [SchedulerReplacement] {
        try JSONDecoder().decode(
            [SchedulerReplacement].self, from: Data(contentsOf: Goldens.url("Diffusion/scheduler/replacements.json")))
    }
}

@Suite struct SchedulerReplacementTests {
    private static let shape: Shape = [1, 1, 1, 2]

    @Test(arguments: try SchedulerReplacement.load())
    func optionsAreTakenOverAsByDiffusers(_ golden: SchedulerReplacement) throws {
        let json = try JSONValue(parsing: golden.config.utf8)
        for replacement in golden.replacements {
            let config = try SchedulerConfig(className: replacement.className, json: json, file: "f")
            var scheduler = try config.scheduler(ScheduleRequest(.count(5)))
            expectClose(scheduler.timesteps, replacement.timesteps, tolerance: 1e-6, "\(replacement.className): timesteps")
            var noise = TorchNoise(seed: replacement.seed)
            let first = try noise.normal(count: 2).map { $0 * scheduler.initNoiseSigma }
            var sample = try Tensor(first, shape: Self.shape)
            for index in scheduler.timesteps.indices {
                let output = try noise.normal(Self.shape)
                let draw = scheduler.needsNoise(at: index) ? try noise.normal(Self.shape) : nil
                sample = try scheduler.step(index, output: output, sample: sample, noise: draw).previous
            }
            expectClose(try sample.elements(), replacement.sample, tolerance: 3e-5, replacement.className)
        }
    }

    @Test func goldensCoverTheClasses() throws {
        let goldens = try SchedulerReplacement.load()
        #expect(goldens.count >= 20)
        #expect(Set(goldens.flatMap { $0.replacements.map(\.className) }) == Set(SchedulerConfig.classNames))
    }

    /// The model's own properties are not the solver's: they are kept or refused.
    @Test func propertiesOfTheModelAreNotLeftOut() throws {
        for option in [#""prediction_type": "flow_prediction""#, #""beta_schedule": "exp""#, #""beta_end": 3"#] {
            let json = try JSONValue(parsing: #"{"_class_name": "DPMSolverSDEScheduler", \#(option)}"#.utf8)
            #expect(throws: SchedulerError.self) { try SchedulerConfig.named("dpm++", from: json, file: "f") }
        }
    }

    /// Values of the wrong type or out of range are of no use to another solver either.
    @Test(arguments: [
        #""solver_order": 7"#, #""solver_order": "two""#, #""algorithm_type": 3"#, #""variance_type": "learned_range""#,
        #""final_sigmas_type": "none""#, #""use_dynamic_shifting": true, "use_flow_sigmas": true"#, #""disable_corrector": 3"#,
    ])
    func optionsOfOtherSolversAreLeftOut(_ options: String) throws {
        let json = try JSONValue(parsing: #"{"_class_name": "OtherScheduler", \#(options)}"#.utf8)
        for className in SchedulerConfig.classNames {
            let config = try SchedulerConfig(className: className, json: json, file: "f")
            #expect(throws: Never.self) { try config.scheduler(.init(.count(6))) }
        }
    }
}
