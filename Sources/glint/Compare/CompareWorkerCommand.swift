import ArgumentParser
import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore

/// Draws one side of a comparison, a picture for each line of standard input; `glint compare` starts it.
struct CompareWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare-worker", abstract: "Draw one side of a comparison.", shouldDisplay: false)

    @Argument(help: "The file that says what to draw.") var job: String
    @Option(help: "What notes call this side.") var name: String
    @OptionGroup var machine: MachineOptions

    func run() async throws {
        // The program that started this one takes care of what is left behind, and may ignore these itself.
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        try await draw(ComparisonJob.read(job))
    }

    private func draw(_ job: ComparisonJob) async throws {
        let model = try LatentDiffusionModel(ModelSource(URL(filePath: job.model)))
        let pipeline = LatentDiffusionPipeline(
            model, compile: try machine.compileOptions(), memory: try machine.memoryPolicy(pictures: 2))
        for note in model.notes { FileHandle.standardError.write(Data("note: \(name): \(note)\n".utf8)) }
        var figures = ComparisonFigures()
        while let order = readLine(), order != ComparisonJob.end {
            if let index = Int(order), job.prompts.indices.contains(index) {
                try await picture(index, job, pipeline, &figures)
            } else {
                // Networks are loaded, and run for the first time, by a picture that is not counted.
                _ = try await pipeline.generate(job.request(0, steps: 1))
            }
            answer(order)
        }
        figures.peakMemoryBytes = ProcessMemory.peakBytes
        try writeAtomically(Array(jsonText(figures).utf8), to: job.figuresPath)
        answer(ComparisonJob.end)
    }

    private func picture(
        _ index: Int, _ job: ComparisonJob, _ pipeline: LatentDiffusionPipeline, _ figures: inout ComparisonFigures
    ) async throws {
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

    private func answer(_ line: String) {
        print(line)
        fflush(nil)
    }
}
