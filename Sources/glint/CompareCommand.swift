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
            Each model draws in a process of its own, one after the other, so that each one's peak memory is its own (mapped \
            files included). A first picture that loads the networks is not counted. With --output there are a contact sheet, \
            an HTML page that stands alone, and both sides' pictures.

              glint compare Models/emoji-lcm emoji-lcm-int8 --output comparison
            """)

    @Argument(help: "The folder of the model that is compared with.") var baseline: String
    @Argument(help: "The folder of the other one.") var candidate: String
    @Option(help: "A file with a prompt on each line; lines that begin with # are passed over. (default: a list of 16)")
    var prompts: String?
    @Option(help: "Only the first so many prompts.") var count: Int?
    @Option(help: "Steps.") var steps = 4
    @Option(help: "How closely to follow the text.") var guidanceScale = 8.0
    @Option(help: "Width in pixels, a multiple of 8. (default: the model's)") var width: Int?
    @Option(help: "Height in pixels, a multiple of 8. (default: the model's)") var height: Int?
    @Option(help: "Seed of the first picture; the next ones have the next seeds.") var seed: UInt64 = 0
    @Option(name: .shortAndLong, help: "A folder for the contact sheet, the HTML page and the pictures.") var output: String?
    @Option(help: "pytorch-fid's Inception, .safetensors or .pth: also print the distance between the two sets of pictures.")
    var inception: String?
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
        // What would be refused later is refused before anything is drawn.
        let models = try [baseline, candidate].map { try LatentDiffusionModel(ModelFolder(ModelLocation.resolve($0))) }
        try request(chosen).check()
        _ = try machine.compileOptions()
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
                model: models[index].folder.url.path, prompts: chosen, seed: seed, steps: steps, guidanceScale: guidanceScale,
                width: width, height: height, folder: work.appending(path: name).path)
        }
        let names = Self.names(baseline, candidate)
        let first = try await ComparisonProcess(job: jobs[0], name: names.0, machine: machine).run()
        let second = try await ComparisonProcess(job: jobs[1], name: names.1, machine: machine).run()

        let measures = ComparisonMeasures(baseline: jobs[0], candidate: jobs[1])
        var report = ComparisonReport(baseline: names.0, candidate: names.1)
        report.sizes = try ModelSizes.compared(models[0].folder, models[1].folder)
        report.latencies = ComparisonMeasures.latencies(first, second)
        report.prompts = try measures.prompts()
        report.quality = ComparisonMeasures.quality(report.prompts)
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

    private func request(_ prompts: [String]) -> GenerationRequest {
        GenerationRequest(
            prompts: prompts, width: width, height: height, numInferenceSteps: steps, guidanceScale: guidanceScale,
            noise: .seedPerPicture(first: seed, .torch))
    }

    /// The folders' own names; their paths where those are one.
    static func names(_ a: String, _ b: String) -> (String, String) {
        let names = [a, b].map { URL(filePath: $0).standardizedFileURL.lastPathComponent }
        return names[0] == names[1] ? (a == b ? "\(a) (1)" : a, a == b ? "\(b) (2)" : b) : (names[0], names[1])
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

/// What is compared on where no prompts are given.
enum ComparisonPrompts {
    static let standard = """
        a red cat on a blue background
        a pink unicorn on a blue background
        a smiling sun with sunglasses
        a green frog wearing a crown
        a slice of pizza with a happy face
        a yellow star with rosy cheeks
        a purple octopus playing a guitar
        a blue bird holding a letter
        a cup of coffee with steam
        a robot waving its hand
        a brown dog in a red hat
        a rainbow over a white cloud
        a strawberry with green leaves
        a rocket flying to the moon
        a sleeping panda
        a heart made of orange flowers
        """.split(separator: "\n").map(String.init)
}
