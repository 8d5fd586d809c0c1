import ArgumentParser
import Diffusion
import Foundation
import Inference
import ModelLoading
import Workflows

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure time and memory: of a pipeline's stages, or of any model.",
        subcommands: [BenchPipelineCommand.self, BenchModelCommand.self, BenchWorkerCommand.self],
        defaultSubcommand: BenchPipelineCommand.self)
}

/// The measured model.
struct BenchModelOptions: ParsableArguments {
    @Option(help: "A model's folder. (default: the repository's emoji-lcm)") var model: String?
    @Option(
        help:
            "Measure a model of full size with random weights, made for it: \(SyntheticModel.all.map(\.name).joined(separator: ", "))."
    )
    var synthetic: String?
    @Option(help: "A folder that keeps the synthetic model for the next time. (default: it is removed)") var keep: String?

    func validate() throws {
        if let synthetic, SyntheticModel.named(synthetic) == nil {
            let known = SyntheticModel.all.map(\.name).joined(separator: ", ")
            throw ValidationError("There is no synthetic model '\(synthetic)'; there is \(known).")
        }
        if model != nil, synthetic != nil { throw ValidationError("Give either --model or --synthetic.") }
        if keep != nil, synthetic == nil { throw ValidationError("--keep goes with --synthetic.") }
    }

    /// Runs `body` on the model's folder, which is created before and removed afterwards where the options ask for it.
    func withFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
        guard let model = synthetic.flatMap(SyntheticModel.named) else {
            return try await body(ModelLocation.resolve(self.model))
        }
        let folder =
            keep.map { URL(filePath: $0) }
            ?? FileManager.default.temporaryDirectory.appending(path: "glint-\(model.name)-\(getpid())")
        StandardStream.report("making the weights of \(model.name) in \(folder.path)\n")
        try model.write(to: folder)
        defer { if keep == nil { try? FileManager.default.removeItem(at: folder) } }
        return try await body(folder)
    }
}

struct BenchPipelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline", abstract: "Draw pictures repeatedly, and print the median duration of every stage.")

    @OptionGroup(title: "Model") var model: BenchModelOptions
    @OptionGroup(title: "Encryption") var keys: KeyOptions
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @Option(help: "The number of steps. (default: as glint generate)") var steps: Int?
    @Option(help: "The scheduler, as for glint generate. (default: the model's)") var scheduler: String?
    @Option(help: "Width in pixels. (default: the model's)") var width: Int?
    @Option(help: "Height in pixels. (default: the model's)") var height: Int?
    @Option(help: "The number of pictures, after one that is not counted.") var repeats = 3
    @Flag(help: "Load every network for each picture, as when a single picture is drawn.") var staged = false
    @Flag(help: "Also print the durations of nodes by kind and network.") var profile = false
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func validate() throws {
        try machine.refuseMaxMemory()
        if repeats < 1 { throw ValidationError("--repeats must be 1 or more; it is \(repeats).") }
    }

    func run() async throws {
        try keys.install()
        try await cancellingOnInterrupt {
            try await model.withFolder { folder in
                let report = try await measure(folder)
                try print(json ? jsonText(report) : report.table)
                if profile { try print(report.profiled.nodeTables) }
            }
        }
    }

    private func measure(_ folder: URL) async throws -> PipelineBenchmark {
        var options = try machine.settings.compileOptions()
        options.profiling = profile
        var request = GenerationRequest(
            prompts: ["a beautiful pink unicorn, 8k"], width: width, height: height, numInferenceSteps: steps)
        request.scheduler = scheduler.map { .named($0) }
        return try await .measure(
            folder, model: model.synthetic ?? folder.lastPathComponent, request, repeats: repeats, compile: options,
            memory: staged ? .staged : .resident)
    }
}

/// Measures one stage for each input line, so that two programs can be measured in turns.
struct BenchWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run a stage once for each line of standard input: {\"run\": \"unet-step\"}.",
        discussion: """
            Stages are \(StageBenchmark.Stage.allCases.map(\.rawValue).joined(separator: ", ")). Each is loaded at its first run. \
            The answer is a line too: {"run": …, "seconds": …, "cpu_seconds": …, "peak_memory_bytes": …}, or {"error": …}.
            """)

    @OptionGroup var model: BenchModelOptions
    @OptionGroup var keys: KeyOptions
    @OptionGroup var machine: MachineOptions

    func validate() throws { try machine.refuseMaxMemory() }

    func run() async throws {
        try keys.install(readsInput: true)
        try await model.withFolder { folder in
            let benchmark = StageBenchmark(
                try LatentDiffusionModel(ModelSource(folder)), compile: try machine.settings.compileOptions())
            let worker = StageWorker(benchmark)
            while let line = readLine() {
                try await print(worker.answer(line))
            }
        }
    }
}
