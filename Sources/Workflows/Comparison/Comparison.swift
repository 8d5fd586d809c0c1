public import Diffusion
public import Evaluation
import Foundation
import Imaging
public import Inference
import ModelLoading

/// Draws the same pictures with two models, and measures the differences.
///
/// Each model runs in a process of its own, so that its peak memory can be measured (mapped files included).
public struct Comparison {
    /// Optional measures, in addition to PSNR, SSIM and the latents' cosines.
    public struct Metrics {
        public var perceptualDistance: LPIPS?
        public var clipScore: CLIPScore?
        /// The network for the Fréchet distance between the two sets of pictures; requires at least two prompts.
        public var features: InceptionFeatureExtractor?

        public init() {}

        /// - Parameters: paths of weight files and of a CLIP model's folder, nil for measures that are not taken.
        ///   - featureNetwork: see `LPIPS.init`.
        ///   - clip: the name or path of a model, for `ModelLocation.resolve`.
        ///   - inception: see `InceptionFeatureExtractor.init`.
        ///   - prompts: the number of prompts.
        /// - Throws: `EvaluationError.tooFewSamples` for a single prompt with `inception`; errors of the networks.
        public init(
            featureNetwork: String?, clip: String?, inception: String?, prompts: Int, _ options: CompileOptions
        ) throws {
            let options = options.withExactDefault
            guard inception == nil || prompts > 1 else { throw EvaluationError.tooFewSamples(prompts, minimum: 2) }
            perceptualDistance = try featureNetwork.map { try LPIPS(weights: $0, options) }
            clipScore = try clip.map { try CLIPScore(folder: ModelLocation.resolve($0), options) }
            features = try inception.map { try InceptionFeatureExtractor(weights: $0, options, batch: 1) }
        }
    }

    /// The models' names in tables.
    public let names: (baseline: String, candidate: String)
    private let models: [LatentDiffusionModel]
    private let prompts: [String]
    private let resolved: ResolvedRequest
    private let seed: UInt64
    private let width: Int?
    private let height: Int?
    private let scheduler: String?

    /// Reads both models and checks the request.
    /// - Parameters:
    ///   - baseline: the name or path of a model, for `ModelLocation.resolve`; likewise `candidate`.
    ///   - request: the prompts, seed, size, steps, guidance scale and scheduler for both models; its defaults are the baseline's.
    /// - Throws: as `LatentDiffusionModel.init` and `ResolvedRequest.init`.
    public init(_ baseline: String, _ candidate: String, _ request: GenerationRequest) throws {
        models = try [baseline, candidate].map { try LatentDiffusionModel(ModelSource(ModelLocation.resolve($0))) }
        resolved = try ResolvedRequest(request, models[0])
        (prompts, seed) = (request.prompts, request.seed)
        (width, height) = (request.width, request.height)
        scheduler = if case .named(let name) = request.scheduler { name } else { nil }
        names = Self.names(baseline, candidate)
    }

    /// Draws the pictures, and measures their differences.
    /// - Parameters:
    ///   - takesTurns: whether both models draw picture by picture in turns, so that other work on the machine slows both;
    ///     otherwise one after the other, in half the memory.
    ///   - files: the files for the pictures and the report; nil for none.
    ///   - program: the program that draws the job in a file, for the name of a side.
    /// - Throws: `ComparisonError`, `EvaluationError`, `ImageError`, `CancellationError`; errors of the metrics.
    public func run(
        takesTurns: Bool = true, metrics: Metrics = Metrics(), files: ComparisonFiles? = nil,
        program: (_ job: String, _ name: String) -> ComparisonProgram, progress: (WorkProgress) -> Void = { _ in }
    ) async throws -> ComparisonReport {
        let work = FileManager.default.temporaryDirectory.appending(path: "glint-compare-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: work) }
        let jobs = ["a", "b"].enumerated().map { index, name in
            ComparisonJob(
                model: models[index].source.url.path, prompts: prompts, seed: seed, steps: resolved.numInferenceSteps,
                guidanceScale: resolved.guidanceScale, width: width, height: height, scheduler: scheduler,
                folder: work.appending(path: name).path)
        }
        let figures = try await draw(jobs, takesTurns: takesTurns, program: program, progress: progress)

        let measures = ComparisonMeasures(baseline: jobs[0], candidate: jobs[1])
        var report = ComparisonReport(baseline: names.baseline, candidate: names.candidate)
        report.sizes = try ModelSizes.compared(models[0].source, models[1].source)
        report.latencies = ComparisonMeasures.latencies(figures[0], figures[1])
        report.prompts = try await measures.prompts(metrics)
        report.quality = ComparisonMeasures.quality(
            report.prompts, names: [names.baseline, names.candidate], perceptual: metrics.perceptualDistance?.name)
        (report.baselinePeakBytes, report.candidatePeakBytes) = (figures[0].peakMemoryBytes, figures[1].peakMemoryBytes)
        if let features = metrics.features {
            let first = try await features.moments(of: prompts.indices.map(jobs[0].picturePath))
            let second = try await features.moments(of: prompts.indices.map(jobs[1].picturePath))
            report.frechetInceptionDistance = try FrechetDistance.between(first, second)
        }
        try files?.write(report, measures)
        return report
    }

    private func draw(
        _ jobs: [ComparisonJob], takesTurns: Bool,
        program: (String, String) -> ComparisonProgram, progress: (WorkProgress) -> Void
    ) async throws -> [ComparisonFigures] {
        progress(.phase("pictures", count: jobs.count * (prompts.count + 1)))
        let names = [names.baseline, names.candidate]
        var figures: [ComparisonFigures] = []
        for group in takesTurns ? [[0, 1]] : [[0], [1]] {
            let sides = try group.map { index in
                try ComparisonProcess(job: jobs[index]) { program($0, names[index]) }
            }
            defer { for side in sides { side.stop() } }
            for index in -1..<prompts.count {
                // The sides take turns in going first.
                for side in index % 2 == 0 ? sides : sides.reversed() {
                    try await side.draw(index < 0 ? nil : index)
                    progress(.step)
                }
            }
            for side in sides { figures.append(try await side.finish()) }
        }
        return figures
    }

    /// The folders' names; their paths where both folders have the same name, and numbers where they are the same folder.
    private static func names(_ a: String, _ b: String) -> (String, String) {
        let folders = [a, b].map { URL(filePath: $0).standardizedFileURL }
        let names = folders.map(\.lastPathComponent)
        if names[0] != names[1] { return (names[0], names[1]) }
        let paths = folders.map { $0.path.hasSuffix("/") ? String($0.path.dropLast()) : $0.path }
        return paths[0] == paths[1] ? ("\(names[0]) (1)", "\(names[1]) (2)") : (a, b)
    }
}

/// The files of a comparison in one folder: contact sheet, page and pictures.
public struct ComparisonFiles {
    private let folder: URL
    /// The largest number of rows of the sheet and of pairs on the page: larger files are slow to show.
    private static let shownPairs = 32

    public var sheetPath: String { folder.appending(path: "contact-sheet.png").relativePath }
    public var pagePath: String { folder.appending(path: "comparison.html").relativePath }

    /// Creates the folder, and checks that it is writable.
    /// - Throws: `ImageError`.
    public init(folder: String) throws {
        self.folder = URL(filePath: folder)
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        try checkWritable(path: sheetPath)
        try checkWritable(path: pagePath)
    }

    func write(_ report: ComparisonReport, _ measures: ComparisonMeasures) throws {
        for (job, name) in [(measures.baseline, "baseline"), (measures.candidate, "candidate")] {
            let target = folder.appending(path: name)
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            for index in job.prompts.indices {
                let bytes = try Data(contentsOf: URL(filePath: job.picturePath(index)))
                let file = "\(OutputFiles.slug(job.prompts[index]))-\(job.seed &+ UInt64(index)).png"
                try writeAtomically(Array(bytes), to: target.appending(path: file).relativePath)
            }
        }
        let shown = report.prompts.prefix(Self.shownPairs)
        let pairs = try shown.enumerated().map { index, result in
            let (a, b) = try measures.pictures(index)
            let psnr = result.psnr.map { String(format: "%.2f dB", $0) } ?? "equal"
            return ComparisonReport.PicturePair(
                caption: "\(result.prompt), seed \(result.seed): \(psnr)", baseline: a, candidate: b)
        }
        try ContactSheet().picture(of: pairs.map { [$0.baseline, $0.candidate] }).write(to: sheetPath)
        let page = try report.html(title: "\(report.baseline) and \(report.candidate)", pictures: pairs)
        try writeAtomically(Array(page.utf8), to: pagePath)
    }
}

/// The default prompts of a comparison.
public enum ComparisonPrompts {
    public static let standard = """
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
