import ArgumentParser
import Diffusion
import Foundation
import Imaging
import ModelLoading

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Draw pictures from a text.",
        discussion: """
            Without --model the small model of the repository draws. The same seed gives the same picture, and the picture \
            that diffusers draws. Every picture carries in its file what redraws it: glint generate --from picture.png
            """)

    @Argument(help: "What to draw.") var prompt: String?
    @OptionGroup(title: "Picture") var picture: PictureOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Machine") var machine: MachineOptions

    @Flag(help: "Print where the time went.") var timings = false
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func run() async throws {
        try await cancellingOnInterrupt { try await draw() }
    }

    private func draw() async throws {
        let count = picture.count
        let recipe = try picture.recipe(prompt: prompt)
        let request = try recipe.request(count: count)
        try request.check()
        let files = try OutputFiles(output, recipe: recipe, count: count)
        let options = try machine.compileOptions()
        var model = try LatentDiffusionModel(ModelFolder(ModelLocation.resolve(recipe.model)))
        try model.addFloatUNet(for: recipe)
        try files.check()

        let progress = ProgressDisplay(steps: request.numInferenceSteps, pictures: count)
        defer { progress.finish() }
        for note in model.folder.notes { progress.note(note) }
        let pipeline = LatentConsistencyModelPipeline(model, compile: options, memory: try machine.memoryPolicy(pictures: count))
        var drawn: [Result<DrawnPicture, any Error>] = []
        let result = try await pipeline.generate(request) { event in
            progress.show(event)
            // Each picture is written as soon as there is one: what is drawn is not lost when a later one fails.
            if case .picture(let picture) = event { drawn.append(Result { try files.write(picture, recipe: recipe) }) }
        }
        progress.finish()
        let pictures = try drawn.map { try $0.get() }
        if json {
            print(try GenerationReport(result, pictures, recipe).json())
        } else {
            for picture in pictures { print(picture.path) }
            if timings { print(TimingTable(result.timings).text) }
        }
    }
}
