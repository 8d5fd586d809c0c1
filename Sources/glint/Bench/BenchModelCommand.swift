import ArgumentParser
import Benchmarking
import Foundation
import OpenVINO

struct BenchModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Measure any model that the runtime reads.",
        discussion: """
            \(BenchmarkError.formats.prefix(1).uppercased() + BenchmarkError.formats.dropFirst()).

            Options of benchmark_app work by their names: glint bench model -m model.xml -d CPU -api async -t 15.
            """)

    @Argument(help: "The model's file or folder.") var path: String?
    @Option(name: .app("m", long: "model", "path_to_model"), help: "The same.") var model: String?
    @OptionGroup(title: "Inputs") var inputs: BenchModelInputs
    @OptionGroup(title: "Run") var runOptions: BenchModelRun
    @OptionGroup(title: "Reports") var reports: BenchModelReports
    @Option(
        parsing: .unconditional,
        help: """
            Measure a second model or setting in turns with the first, and print the ratio: the options that differ, as in \
            --versus '-infer_precision bf16'.
            """)
    var versus: String?
    @Option(help: "The number of turns of --versus.") var rounds = 7

    func validate() throws {
        if let path, let model, path != model { throw ValidationError("Give one model: '\(path)' or '\(model)'.") }
        if path == nil, model == nil { throw ValidationError("Give a model: glint bench model FILE, or -m FILE.") }
        if let percentile = reports.percentile, !(1...100).contains(percentile) {
            throw ValidationError("-latency_percentile must be from 1 to 100; it is \(percentile).")
        }
        if versus != nil, !(2...1000).contains(rounds) {
            throw ValidationError("--rounds must be from 2 to 1000; it is \(rounds).")
        }
    }

    func run() async throws {
        let options = try options()
        let other = try versus.map { try self.other($0).options() }
        try await cancellingOnInterrupt {
            if let other { try await compare(options, other) } else { try await measure(options) }
        }
    }

    /// The command of the second side: the arguments of this one, and then those of `--versus`, which override them.
    private func other(_ line: String) throws -> BenchModelCommand {
        let changes = line.split(separator: " ").map(String.init)
        let modelNames = ["-m", "--model", "--path_to_model"]
        let hasModel = changes.contains { modelNames.contains($0) }
        var own: [String] = []
        var rest = CommandLine.arguments.dropFirst(3)
        while let argument = rest.popFirst() {
            if argument == "--versus" || hasModel && modelNames.contains(argument) {
                _ = rest.popFirst()
            } else if !argument.hasPrefix("--versus="), !(hasModel && argument == path) {
                own.append(argument)
            }
        }
        return try BenchModelCommand.parse(own + changes)
    }

    private func measure(_ options: BenchmarkOptions) async throws {
        let benchmark = try PreparedBenchmark(options)
        if let file = reports.dumpConfig { try dumpConfiguration(options, to: file) }
        guard !benchmark.isCompileOnly else {
            try print("The model was read and compiled; nothing was run (-niter 0).")
            return
        }
        if options.warmsUp { try benchmark.warmUp() }
        let result = try await benchmark.measure()
        try write(result)
        try print(reports.json ? jsonText(result) : result.text(reports))
    }

    private func compare(_ options: BenchmarkOptions, _ other: BenchmarkOptions) async throws {
        let comparison = try await BenchmarkComparison.measure(options, other, rounds: rounds)
        if let report = reports.report {
            try BenchmarkReport(comparison).csv.write(to: URL(filePath: report), atomically: true, encoding: .utf8)
        }
        try print(reports.json ? jsonText(comparison) : comparison.text(reports))
    }
}
