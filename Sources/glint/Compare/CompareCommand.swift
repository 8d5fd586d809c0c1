import ArgumentParser
import Diffusion
import Evaluation
import Foundation
import Imaging
import ModelLoading

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Draw the same pictures with two models, and say what the second one gains and loses.",
        discussion: """
            Each model draws in a process of its own, so that its peak memory is its own (mapped files included); the two take \
            turns, picture by picture, so that what else the machine does slows both. A first picture that loads the networks is \
            not counted. With --output there are a contact sheet, an HTML page that stands alone, and both sides' pictures.

              glint compare Models/emoji-lcm emoji-lcm-int8 --output comparison
            """)

    @Argument(help: "The model that is compared with, as glint generate takes it.") var baseline: String
    @Argument(help: "The other one.") var candidate: String
    @Option(help: "A file with a prompt on each line; lines that begin with # are passed over. (default: a list of 16)")
    var prompts: String?
    @Option(help: "Only the first so many prompts.") var count: Int?
    @Option(help: "Steps. (default: by the first model, as glint generate)") var steps: Int?
    @Option(help: "How closely to follow the text. (default: likewise)") var guidanceScale: Double?
    @Option(help: "Width in pixels, a multiple of 8. (default: the model's)") var width: Int?
    @Option(help: "Height in pixels, a multiple of 8. (default: the model's)") var height: Int?
    @Option(help: "Seed of the first picture; the next ones have the next seeds.") var seed: UInt64 = 0
    @Flag(help: "Draw with one model after the other: half the memory, but each meets the machine in another mood.")
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
    @Option(help: "The folder of a CLIP model, as transformers keeps it: also measure how well the pictures fit their texts.")
    var clip: String?
    @OptionGroup(title: "Machine") var machine: MachineOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count must be 1 or more; it is \(count).") }
        if output?.isEmpty == true { throw ValidationError("--output must name a folder; it is empty.") }
    }

    func run() async throws {
        try await cancellingOnInterrupt { try await compare() }
    }

    private func compare() async throws {
        let all = try prompts.map { try PromptFile.read($0) } ?? ComparisonPrompts.standard
        let chosen = Array(all.prefix(count ?? all.count))
        // Mistakes are found before anything is drawn.
        let models = try [baseline, candidate].map { try LatentDiffusionModel(ModelSource(ModelLocation.resolve($0))) }
        let request = GenerationRequest(
            prompts: chosen, width: width, height: height, numInferenceSteps: steps, guidanceScale: guidanceScale)
        let resolved = try ResolvedRequest(request, models[0])
        _ = try machine.compileOptions()
        let perceptual = try featureNetwork.map { try ComparisonPerceptualDistance(weights: $0, machine.compileOptions()) }
        let score = try clip.map { try ComparisonCLIPScore(folder: $0, machine.compileOptions()) }
        let features = try inception.map { try InceptionFeatures(weights: $0, machine.compileOptions(), batch: 1) }
        guard inception == nil || chosen.count > 1 else {
            throw EvaluationError.tooFewSamples(chosen.count, minimum: 2)
        }
        let files = try output.map { try ComparisonFiles(folder: $0) }

        let work = FileManager.default.temporaryDirectory.appending(path: "glint-compare-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: work) }
        let jobs = ["a", "b"].enumerated().map { index, name in
            ComparisonJob(
                model: models[index].source.url.path, prompts: chosen, seed: seed,
                steps: resolved.numInferenceSteps, guidanceScale: resolved.guidanceScale, width: width, height: height,
                folder: work.appending(path: name).path)
        }
        let names = Self.names(baseline, candidate)
        let (first, second) = try await draw(jobs, [names.0, names.1])

        let measures = ComparisonMeasures(baseline: jobs[0], candidate: jobs[1])
        var report = ComparisonReport(baseline: names.0, candidate: names.1)
        report.sizes = try ModelSizes.compared(models[0].source, models[1].source)
        report.latencies = ComparisonMeasures.latencies(first, second)
        report.prompts = try measures.prompts()
        if let perceptual { try await measures.add(perceptual, to: &report.prompts) }
        if let score { try await measures.add(score, to: &report.prompts) }
        report.quality = ComparisonMeasures.quality(report.prompts, names: [names.0, names.1], perceptual: perceptual?.name)
        (report.baselinePeakBytes, report.candidatePeakBytes) = (first.peakMemoryBytes, second.peakMemoryBytes)
        if let features {
            let moments = try await jobs.asyncMap { job in
                try await features.moments(of: job.prompts.indices.map(job.picturePath), progress: nil)
            }
            report.frechetInceptionDistance = try FrechetDistance.between(moments[0], moments[1])
        }
        try files?.write(report, measures)
        print(json ? try jsonText(report) : report.text)
        if !json, let files { print("\n\(files.sheetPath)\n\(files.pagePath)") }
    }

    /// Has both sides draw.
    private func draw(_ jobs: [ComparisonJob], _ names: [String]) async throws -> (ComparisonFigures, ComparisonFigures) {
        let progress = StepProgress()
        defer { progress.finish() }
        let pictures = jobs[0].prompts.count
        progress.begin("pictures", of: jobs.count * (pictures + 1))
        var figures: [ComparisonFigures] = []
        for group in oneAtATime ? [[0], [1]] : [[0, 1]] {
            let sides = try group.map { try ComparisonProcess(job: jobs[$0], name: names[$0], machine: machine) }
            defer { for side in sides { side.stop() } }
            for index in -1..<pictures {
                // The one that goes first is the other one each time.
                for side in index % 2 == 0 ? sides : sides.reversed() {
                    try await side.draw(index < 0 ? nil : index)
                    progress.advance()
                }
            }
            for side in sides { figures.append(try await side.finish()) }
        }
        return (figures[0], figures[1])
    }

    /// The folders' own names; their paths where two folders have one name, and numbers where they are one folder.
    static func names(_ a: String, _ b: String) -> (String, String) {
        let folders = [a, b].map { URL(filePath: $0).standardizedFileURL }
        let names = folders.map(\.lastPathComponent)
        if names[0] != names[1] { return (names[0], names[1]) }
        let paths = folders.map { $0.path.hasSuffix("/") ? String($0.path.dropLast()) : $0.path }
        return paths[0] == paths[1] ? ("\(names[0]) (1)", "\(names[1]) (2)") : (a, b)
    }
}

extension Array {
    /// One after the other.
    func asyncMap<Result>(_ body: (Element) async throws -> Result) async throws -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
