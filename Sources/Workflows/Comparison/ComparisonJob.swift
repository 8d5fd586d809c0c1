import Diffusion
import Foundation
import Inference
import ModelLoading

/// What one side of a comparison draws: given to a process of its own as a file, so that its peak memory is its own.
struct ComparisonJob: Codable {
    let model: String
    let prompts: [String]
    /// Of the first picture; the next ones have the next seeds.
    let seed: UInt64
    let steps: Int
    let guidanceScale: Double
    let width: Int?
    let height: Int?
    /// Where pictures, latents and figures go.
    let folder: String

    func picturePath(_ index: Int) -> String { "\(folder)/\(index).png" }
    /// Latents after each step, `step.0`, `step.1` …, `[1, C, h, w]`.
    func latentsPath(_ index: Int) -> String { "\(folder)/\(index).safetensors" }
    var figuresPath: String { "\(folder)/figures.json" }

    /// Orders to the process, a line each: pictures by their indices, and these.
    static let warmUp = "warm up"
    static let end = "end"

    /// The picture at `index`.
    func request(_ index: Int, steps: Int) -> GenerationRequest {
        GenerationRequest(
            prompts: [prompts[index]], width: width, height: height, numInferenceSteps: steps, guidanceScale: guidanceScale,
            seed: seed &+ UInt64(index))
    }

    static func read(_ path: String) throws -> ComparisonJob {
        try JSONDecoder().decode(ComparisonJob.self, from: Data(contentsOf: URL(filePath: path)))
    }
}

/// What a side measured while it drew.
struct ComparisonFigures: Codable {
    /// Runs of each network, by its name.
    var runSeconds: [String: [Double]] = [:]
    /// Networks in the order of their use.
    var networks: [String] = []
    /// Each picture from its text on, without loading where networks stay in memory.
    var pictureSeconds: [Double] = []
    var peakMemoryBytes: Int?
}

extension MachineOptions {
    /// The same options for another process.
    var arguments: [String] {
        var arguments = ["--device", device, "--precision", precision.rawValue]
        if let threads { arguments += ["--threads", "\(threads)"] }
        if let maxMemory { arguments += ["--max-memory", maxMemory] }
        if let cacheDir { arguments += ["--cache-dir", cacheDir] }
        return arguments
    }
}
