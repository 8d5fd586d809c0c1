public import Diffusion
public import Foundation
import Imaging
public import Inference
import ModelLoading
import TensorStore

/// Draws one side of a comparison, one picture for each order.
public struct ComparisonWorker {
    private let job: ComparisonJob
    private let pipeline: LatentDiffusionPipeline
    private let compile: CompileOptions
    private var figures = ComparisonFigures()

    public init(_ job: ComparisonJob, compile: CompileOptions, memory: MemoryPolicy) throws {
        (self.job, self.compile) = (job, compile)
        pipeline = LatentDiffusionPipeline(
            try LatentDiffusionModel(ModelSource(URL(filePath: job.model))), compile: compile, memory: memory)
        if !job.prompts.isEmpty { try pipeline.checkMemory(for: ResolvedRequest(job.request(0, steps: 1), pipeline.model)) }
    }

    /// The model's notes.
    public var notes: [String] { pipeline.model.notes(for: compile) }

    /// Carries out orders until the last, and writes the figures.
    /// - Parameters:
    ///   - next: returns the next order; nil where there is none.
    ///   - answer: called with each order after it is carried out.
    public mutating func run(
        next: () -> String?, answer: (String) throws -> Void
    ) async throws {
        while let order = next(), order != ComparisonJob.end {
            if let index = Int(order), job.prompts.indices.contains(index) {
                try await draw(index)
            } else {
                // A warm-up picture, which is not measured, loads the networks and runs them for the first time.
                _ = try await pipeline.generate(job.request(0, steps: 1))
            }
            try answer(order)
        }
        figures.peakMemoryBytes = ProcessMemory.peakBytes
        try writeAtomically(Array(figures.reportJSON()), to: job.figuresPath)
        try answer(ComparisonJob.end)
    }

    private mutating func draw(_ index: Int) async throws {
        var latents = SafetensorsWriter()
        let result = try await pipeline.generate(job.request(index, steps: job.steps)) { event in
            if case .step(let step) = event { try latents.add("step.\(step.index)", step.latents) }
        }
        try latents.write(to: job.latentsPath(index))
        for picture in result.pictures { try picture.image.write(to: job.picturePath(index)) }
        for network in result.timings.networks {
            if figures.runSeconds[network.name] == nil { figures.networks.append(network.name) }
            figures.runSeconds[network.name, default: []] += network.runs.map(\.seconds)
        }
        figures.pictureSeconds.append(result.timings.total.seconds)
    }
}

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
    /// The name of the scheduler; nil for the model's own.
    public let scheduler: String?
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
        var request = GenerationRequest(
            prompts: [prompts[index]], width: width, height: height, numInferenceSteps: steps, guidanceScale: guidanceScale,
            seed: seed &+ UInt64(index))
        request.scheduler = scheduler.map { .named($0) }
        return request
    }

    /// Reads a job from a file.
    public init(path: String) throws {
        self = try JSONDecoder().decode(ComparisonJob.self, from: Data(contentsOf: URL(filePath: path)))
    }

    init(
        model: String, prompts: [String], seed: UInt64, steps: Int, guidanceScale: Double, width: Int?, height: Int?,
        scheduler: String? = nil, folder: String
    ) {
        self.model = model
        self.prompts = prompts
        self.seed = seed
        self.steps = steps
        self.guidanceScale = guidanceScale
        self.width = width
        self.height = height
        self.scheduler = scheduler
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
