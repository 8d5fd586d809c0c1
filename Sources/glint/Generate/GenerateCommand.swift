import ArgumentParser
import Diffusion
import Foundation
import Inference
import Tokenizers
import Workflows

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Draw pictures from a text, or from another picture.",
        discussion: """
            Without --model the small model of the repository draws. The same seed gives the same picture, and the picture \
            that diffusers draws. The file of every picture has what is needed to draw it again: glint generate --from picture.png

              glint generate "a pink unicorn on a blue background"
              glint pull stabilityai/sd-turbo
              glint generate "a lighthouse at dusk" --model stabilityai/sd-turbo
              glint generate "an oil painting" --image photo.jpg --strength 0.6
              glint generate --prompts prompts.txt --output pictures/
            """)

    @Argument(
        help:
            "The text to draw. (word:1.3) counts more, [word] less; [a:b:0.5] changes halfway, [a|b] takes turns; <lora:name:0.8> adds a LoRA; BREAK begins a new part."
    ) var prompt: String?
    @OptionGroup(title: "Picture") var picture: PictureOptions
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Scheduler") var scheduler: SchedulerOptions
    @OptionGroup(title: "Many pictures") var batch: PromptBatchOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Previews") var preview: PreviewOptions
    @OptionGroup(title: "Encryption") var keys: KeyOptions
    @OptionGroup(title: "Machine") var machine: MachineOptions

    @Flag(help: "Ignore the settings that glint tune found for the model.") var noTuned = false
    @Flag(help: "Print the durations of all stages.") var timings = false
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func validate() throws {
        // The picture of --from or a line of --prompts may set the missing option.
        if picture.from == nil, batch.prompts == nil { try checkAlone() }
        guard batch.prompts != nil else { return }
        if prompt != nil { throw ValidationError("Give either a text or --prompts.") }
        if picture.from != nil { throw ValidationError("--from redraws one picture; it does not go with --prompts.") }
        if timings { throw ValidationError("--timings is for one request; it does not go with --prompts.") }
    }

    private func checkAlone() throws {
        if picture.image == nil, picture.mask != nil {
            throw ValidationError("--mask selects the parts of --image that are drawn anew; give --image too.")
        }
        if picture.image == nil, picture.strength != nil {
            throw ValidationError("--strength sets how much of --image changes; give --image too.")
        }
        if model.lora.isEmpty, model.loraLenient, PromptTags(parsing: prompt ?? "").tags.isEmpty {
            throw ValidationError("--lora-lenient is for --lora and <lora:…> in the text; give one of them too.")
        }
        if model.floatModel != nil, picture.mixedPrecisionSteps == nil, picture.precisionSchedule == nil {
            throw ValidationError("--float-model is for --mixed-precision-steps or --precision-schedule; give one of them too.")
        }
    }

    func run() async throws {
        try keys.install(readsInput: batch.prompts == "-")
        try await cancellingOnInterrupt {
            if let file = batch.prompts { try await drawAll(file) } else { try await draw() }
        }
    }

    /// - Parameter recipe: that of the picture of --from.
    private func description(_ recipe: PictureRecipe? = nil) throws -> GenerationDescription {
        let random = GenerationRequest(prompts: [""], seed: GenerationRequest.randomSeed())
        var description = recipe?.description ?? GenerationDescription(request: random)
        if let prompt { description.request.prompts = [prompt] }
        try picture.apply(to: &description.request)
        scheduler.apply(to: &description.request)
        model.apply(to: &description.model)
        if let precision = machine.precision { description.model.inferencePrecision = precision }
        return description
    }

    private func draw() async throws {
        let recipe = try picture.from.map { try PictureRecipe(pictureAt: $0) }
        let given = try description(recipe)
        let (description, recipeNotes) = recipe?.completing(given) ?? (given, [])
        guard description.request.prompts != [""] else {
            throw ValidationError("Say what to draw: glint generate \"a pink unicorn on a blue background\"")
        }
        var files = try OutputFiles(output.files, description.request)
        let session = try session(description, pictures: description.request.pictureCount)
        files.keepOthers(description, session)
        let bar = display.bar
        defer { bar.finish() }
        let isRandom = picture.seed?.isRandom ?? (recipe == nil)
        let firstNotes = recipeNotes + (isRandom ? ["the random seed is \(description.request.seed)"] : [])
        var progress = GenerationProgress(bar, pictures: description.request.pictureCount)
        let drawing = try await session.draw(description, to: files, previews: preview.folder) { notes in
            notes.forEach(bar.note)
        } report: { event in
            if case .accepted = event { firstNotes.forEach(bar.note) }
            progress.show(event)
        }
        bar.finish()
        if json {
            try print(jsonText(GenerationReport(drawing)))
        } else {
            for picture in drawing.pictures { try print(picture.path) }
            if timings { try print(TimingTable(drawing.result.timings).text) }
        }
    }

    private func drawAll(_ file: String) async throws {
        var common = try description()
        common.request.seed = picture.seed?.value ?? 0
        var run = try PromptBatch(file, common, output: output.files, redrawsAll: batch.redraw)
        let bar = display.bar
        defer { bar.finish() }
        if picture.seed?.isRandom == true { bar.note("the random seed is \(common.request.seed)") }
        var progress: GenerationProgress?
        try await run.draw(try session(common, pictures: 2), previews: preview.folder) { event in
            switch event {
            case .note(let text): bar.note(text)
            case .generation(let event, let pictures):
                if case .accepted = event { progress = GenerationProgress(bar, pictures: pictures) }
                progress?.show(event)
            case .failed(let failure): bar.line("line \(failure.line): \(failure.error)")
            case .drawn(let pictures):
                bar.finish()
                if !json { for picture in pictures { try print(picture.path) } }
            }
        }
        bar.finish()
        let kept = run.report.kept.count
        if kept > 0 { bar.status("\(kept) of \(run.pictureCount) were drawn before") }
        if json { try print(jsonText(run.report)) }
        try run.report.check()
    }

    /// - Parameter pictures: the number of pictures; for more than one, networks stay in memory.
    private func session(_ description: GenerationDescription, pictures: Int) throws -> GenerationSession {
        var options = try machine.settings.compileOptions()
        if !noTuned, options.isForCPU, let model = try? ModelLocation.resolve(description.model.model),
            let tuned = TunedSettingsStore().settings(of: model)
        {
            options = tuned.applied(
                to: options, keepsThreads: machine.threads != nil, keepsPrecision: machine.precision != nil)
        }
        return GenerationSession(
            compile: options, memory: machine.settings.memoryPolicy(pictures: pictures),
            previewVAE: preview.vae)
    }
}
