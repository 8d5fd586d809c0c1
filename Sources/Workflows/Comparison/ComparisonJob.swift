public import Diffusion
public import Foundation

/// The pictures of one side of a comparison. The job is passed as a file to a process of its own, whose peak memory is measured.
public struct ComparisonJob: Codable, Sendable {
    public let model: String
    public let prompts: [String]
    /// The seed of the first picture; later pictures have the following seeds.
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

    /// The order for a warm-up. Orders to the process are lines: this one, or the index of a picture.
    static let warmUp = "warm up"
    static let end = "end"

    /// The request of the picture at `index`.
    func request(_ index: Int, steps: Int) -> GenerationRequest {
        GenerationRequest(
            prompts: [prompts[index]], width: width, height: height, numInferenceSteps: steps, guidanceScale: guidanceScale,
            seed: seed &+ UInt64(index))
    }

    /// Reads a job from a file.
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
    /// Durations of the runs of each network, by name.
    var runSeconds: [String: [Double]] = [:]
    /// Networks in the order of their use.
    var networks: [String] = []
    /// The duration of each picture, without loading where networks stay in memory.
    var pictureSeconds: [Double] = []
    var peakMemoryBytes: Int?
}
