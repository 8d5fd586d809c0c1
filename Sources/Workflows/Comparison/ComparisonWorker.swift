public import Diffusion
import Foundation
import Imaging
public import Inference
import ModelLoading
import TensorStore

/// Draws one side of a comparison, one picture for each order.
public struct ComparisonWorker {
    private let job: ComparisonJob
    private let pipeline: LatentDiffusionPipeline
    private var figures = ComparisonFigures()

    public init(_ job: ComparisonJob, compile: CompileOptions, memory: MemoryPolicy) throws {
        self.job = job
        pipeline = LatentDiffusionPipeline(
            try LatentDiffusionModel(ModelSource(URL(filePath: job.model))), compile: compile, memory: memory)
    }

    /// The model's notes.
    public var notes: [String] { pipeline.model.notes }

    /// Carries out orders until the last, and writes the figures.
    /// - Parameters:
    ///   - next: returns the next order; nil where there is none.
    ///   - answer: called with each order after it is carried out.
    public mutating func run(
        next: () -> String?, answer: (String) -> Void
    ) async throws {
        while let order = next(), order != ComparisonJob.end {
            if let index = Int(order), job.prompts.indices.contains(index) {
                try await draw(index)
            } else {
                // A warm-up picture, which is not measured, loads the networks and runs them for the first time.
                _ = try await pipeline.generate(job.request(0, steps: 1))
            }
            answer(order)
        }
        figures.peakMemoryBytes = ProcessMemory.peakBytes
        try writeAtomically(Array(figures.reportJSON()), to: job.figuresPath)
        answer(ComparisonJob.end)
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
