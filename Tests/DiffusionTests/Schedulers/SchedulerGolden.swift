import Diffusion
import Foundation
import TensorStore
import TestSupport
import Testing

/// A scheduler's steps as diffusers 0.42.1 takes them: `Tests/Goldens/Diffusion/scheduler/make.py`.
struct SchedulerGolden: Decodable, CustomTestStringConvertible {
    struct Request: Decodable {
        let numInferenceSteps: Int?
        let originalInferenceSteps: Int?
        let strength: Double?
        let shortens: Bool?
        let timesteps: [Int]?
        let eta: Double?
    }

    /// Of the latents.
    static let shape: Shape = [2, 2, 2, 2]

    let name: String
    let seed: Int
    let outputScale: Float
    let request: Request
    /// A `scheduler_config.json`: the class, and the options that are not its defaults.
    let config: String
    let timesteps: [Float]
    let initNoiseSigma: Float
    /// Whether each step drew noise.
    let draws: [Bool]

    var testDescription: String { name }

    func scheduler() throws -> any Scheduler {
        let steps: ScheduleRequest.Steps =
            if let timesteps = request.timesteps { .timesteps(timesteps) } else {
                .count(try #require(request.numInferenceSteps))
            }
        return try SchedulerConfig(json: JSONValue(parsing: config.utf8), file: "scheduler_config.json").scheduler(
            ScheduleRequest(
                steps, originalInferenceSteps: request.originalInferenceSteps, strength: request.strength ?? 1,
                strengthRule: request.shortens == true ? .shortensOriginalSchedule : .skipsSteps, eta: request.eta))
    }

    static func load() throws -> [SchedulerGolden] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([SchedulerGolden].self, from: Data(contentsOf: Goldens.url("Diffusion/scheduler/cases.json")))
    }

    /// What diffusers computes at one step.
    struct Step {
        let previous, denoised: [Float]
        /// The picture's latents under a noise of ones.
        let noisy: [Float]
        /// The network's input.
        let scaled: [Float]
    }

    func steps() throws -> [Step] {
        let file = try SafetensorsFile(path: Goldens.url("Diffusion/scheduler/steps.safetensors").path)
        let entry = try #require(file.entries.first { $0.name == name })
        let elements = try entry.tensor().elements(as: Float.self)
        let size = Self.shape.reduce(1, *)
        let rows = stride(from: 0, to: elements.count, by: size).map { Array(elements[$0..<$0 + size]) }
        return stride(from: 0, to: rows.count, by: 4).map { row in
            Step(previous: rows[row], denoised: rows[row + 1], noisy: rows[row + 2], scaled: rows[row + 3])
        }
    }
}
