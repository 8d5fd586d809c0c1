import ArgumentParser
import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore

/// Draws one side of a comparison; `glint compare` starts it.
struct CompareWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare-worker", abstract: "Draw one side of a comparison.", shouldDisplay: false)

    @Argument(help: "The file that says what to draw.") var job: String
    @Option(help: "What progress calls this side.") var name: String
    @OptionGroup var machine: MachineOptions

    func run() async throws {
        try await cancellingOnInterrupt { try await draw(ComparisonJob.read(job)) }
    }

    private func draw(_ job: ComparisonJob) async throws {
        let model = try LatentDiffusionModel(ModelFolder(URL(filePath: job.model)))
        let pipeline = LatentConsistencyModelPipeline(
            model, compile: try machine.compileOptions(), memory: try machine.memoryPolicy(pictures: 2))
        let progress = StepProgress()
        defer { progress.finish() }
        for note in model.folder.notes { progress.note("\(name): \(note)") }
        progress.begin("\(name): pictures", of: job.prompts.count)

        // Networks are loaded, and run for the first time, by a picture that is not counted.
        _ = try await pipeline.generate(request(job, index: 0, steps: 1))
        var figures = ComparisonFigures()
        for index in job.prompts.indices {
            var latents = SafetensorsWriter()
            let result = try await pipeline.generate(request(job, index: index, steps: job.steps)) { event in
                if case .step(let step) = event { try latents.add("step.\(step.index)", step.latents) }
            }
            try latents.write(to: job.latentsPath(index))
            for picture in result.pictures { try picture.image.write(to: job.picturePath(index)) }
            for network in result.timings.networks {
                if figures.runSeconds[network.name] == nil { figures.networks.append(network.name) }
                figures.runSeconds[network.name, default: []] += network.runs.map(\.seconds)
            }
            figures.pictureSeconds.append(result.timings.total.seconds)
            progress.advance()
        }
        figures.peakMemoryBytes = ProcessMemory.peakBytes
        try writeAtomically(Array(jsonText(figures).utf8), to: job.figuresPath)
    }

    private func request(_ job: ComparisonJob, index: Int, steps: Int) -> GenerationRequest {
        GenerationRequest(
            prompts: [job.prompts[index]], width: job.width, height: job.height, numInferenceSteps: steps,
            guidanceScale: job.guidanceScale, noise: .seedPerPicture(first: job.seed &+ UInt64(index), .torch))
    }
}
