public import Diffusion
public import Foundation

/// The pictures that one side of a comparison draws: given to a process of its own as a file, so that its peak memory is its own.
public struct ComparisonJob: Codable, Sendable {
    public let model: String
    public let prompts: [String]
    /// Of the first picture; the next ones have the next seeds.
    public let seed: UInt64
    public let steps: Int
    public let guidanceScale: Double
    public let width: Int?
    public let height: Int?
    /// The folder for pictures, latents and figures.
    public let folder: String

    func picturePath(_ index: Int) -> String { "\(folder)/\(index).png" }
    /// Latents after each step, `step.0`, `step.1` …, `[1, C, h, w]`.
    func latentsPath(_ index: Int) -> String { "\(folder)/\(index).safetensors" }
    var figuresPath: String { "\(folder)/figures.json" }
    var path: String { "\(folder)/job.json" }

    /// Orders to the process, a line each: pictures by their indices, and these.
    static let warmUp = "warm up"
    static let end = "end"

    /// The request of the picture at `index`.
    func request(_ index: Int, steps: Int) -> GenerationRequest {
        GenerationRequest(
            prompts: [prompts[index]], width: width, height: height, numInferenceSteps: steps, guidanceScale: guidanceScale,
            seed: seed &+ UInt64(index))
    }

    /// Reads the file of a job.
    public init(path: String) throws {
        self = try JSONDecoder().decode(ComparisonJob.self, from: Data(contentsOf: URL(filePath: path)))
    }

    init(
        model: String, prompts: [String], seed: UInt64, steps: Int, guidanceScale: Double, width: Int?, height: Int?,
        folder: String
    ) {
        self.model = model
        self.prompts = prompts
        self.seed = seed
        self.steps = steps
        self.guidanceScale = guidanceScale
        self.width = width
        self.height = height
        self.folder = folder
    }
}

/// Times and memory of one side of a comparison.
struct ComparisonFigures: Codable {
    /// Runs of each network, by its name.
    var runSeconds: [String: [Double]] = [:]
    /// Networks in the order of their use.
    var networks: [String] = []
    /// Each picture from its text on, without loading where networks stay in memory.
    var pictureSeconds: [Double] = []
    var peakMemoryBytes: Int?
}
