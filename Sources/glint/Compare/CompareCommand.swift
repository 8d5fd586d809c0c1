import ArgumentParser
import Diffusion
import Evaluation
import Foundation
import Workflows

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Draw the same pictures with two models, and compare quality, speed and memory.",
        discussion: """
            Each model draws in a process of its own, so that its peak memory is its own (mapped files included); the two take \
            turns, picture by picture, so that other work on the machine slows both. A first picture that loads the networks is \
            not counted. With --output there are a contact sheet, an HTML page that stands alone, and both sides' pictures.

              glint compare Models/emoji-lcm emoji-lcm-int8 --output comparison
            """)

    @Argument(help: "The reference model: a folder, file or name, as for glint generate.") var baseline: String
    @Argument(help: "The model that is compared with it.") var candidate: String
    @Option(help: "A file with a prompt on each line; lines that begin with # are skipped. (default: a list of 16)")
    var prompts: String?
    @Option(help: "The number of prompts, from the beginning of the list. (default: all)") var count: Int?
    @Option(help: "The number of steps. (default: by the first model, as glint generate)") var steps: Int?
    @Option(help: "How closely pictures follow the text. (default: likewise)") var guidanceScale: Double?
    @Option(help: "The scheduler of both, as for glint generate. (default: each model's own)") var scheduler: String?
    @Option(help: "Width in pixels, a multiple of 8. (default: the model's)") var width: Int?
    @Option(help: "Height in pixels, a multiple of 8. (default: the model's)") var height: Int?
    @Option(parsing: .unconditional, help: "Seed of the first picture; the next ones have the next seeds; -1: random.")
    var seed = SeedOption(0)
    @Flag(help: "Draw with one model after the other: half the memory, but other work on the machine may slow one of them alone.")
    var oneAtATime = false
    @Option(name: .shortAndLong, help: "A folder for the contact sheet, the HTML page and the pictures.") var output: String?
    @Option(help: "pytorch-fid's Inception, .safetensors or .pth: also print the distance between the two sets of pictures.")
    var inception: String?
    @Option(
        help: """
            AlexNet or VGG16 of torchvision with the linear layers of lpips, .safetensors or .pth: also measure LPIPS. The state dict \
            of an lpips.LPIPS is such a file.
            """)
    var featureNetwork: String?
    @Option(
        help:
            "The folder of a CLIP model, as transformers keeps it: also measure the CLIP score, how well pictures fit their texts."
    )
    var clip: String?
    @OptionGroup(title: "Encryption") var keys: KeyOptions
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count must be 1 or more; it is \(count).") }
        if output?.isEmpty == true { throw ValidationError("--output must name a folder; it is empty.") }
    }

    func run() async throws {
        try keys.install()
        try await cancellingOnInterrupt { try await compare() }
    }

    private func compare() async throws {
        let all = try prompts.map { try PromptFile.read($0) } ?? ComparisonPrompts.standard
        var request = GenerationRequest(
            prompts: Array(all.prefix(count ?? all.count)), width: width, height: height, numInferenceSteps: steps,
            guidanceScale: guidanceScale, seed: seed.value)
        request.scheduler = scheduler.map { .named($0) }
        // Errors are found before any picture is drawn.
        let comparison = try Comparison(baseline, candidate, request)
        let metrics = try Comparison.Metrics(
            featureNetwork: featureNetwork, clip: clip, inception: inception, prompts: request.prompts.count,
            machine.settings.compileOptions())
        let keyArguments = try keys.arguments()
        let files = try output.map { try ComparisonFiles(folder: $0) }
        let bar = display.bar
        defer { bar.finish() }
        let report: ComparisonReport
        do {
            report = try await comparison.run(takesTurns: !oneAtATime, metrics: metrics, files: files) { job, name in
                ComparisonProgram(
                    executable: URL(filePath: "/proc/self/exe").resolvingSymlinksInPath(),
                    arguments: ["compare-worker", job, "--name", name] + machine.arguments + keyArguments)
            } progress: {
                bar.show($0)
            }
        } catch ComparisonError.process(let status) {
            // The process has printed the reason.
            throw ExitCode(status)
        }
        bar.finish()
        try print(json ? jsonText(report) : report.text)
        if !json, let files { try print("\n\(files.sheetPath)\n\(files.pagePath)") }
    }
}

/// Draws one side of a comparison, one picture for each line of standard input; started by `glint compare`.
struct CompareWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare-worker", abstract: "Draw one side of a comparison.", shouldDisplay: false)

    @Argument(help: "The file of the job.") var job: String
    @Option(help: "The name of this side in notes.") var name: String
    @OptionGroup var keys: KeyOptions
    @OptionGroup var machine: MachineOptions

    func run() async throws {
        try keys.install(readsInput: true)
        // The parent program may ignore these signals itself, and removes the files.
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        var worker = try ComparisonWorker(
            ComparisonJob(path: job), compile: machine.settings.compileOptions(),
            memory: machine.settings.memoryPolicy(pictures: 2))
        for note in worker.notes { StandardStream.report("note: \(name): \(note)\n") }
        try await worker.run {
            readLine()
        } answer: { line in
            try print(line)
        }
    }
}
