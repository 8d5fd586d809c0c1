import Benchmarking
import Foundation
import OpenVINO
import TensorStore

extension BenchModelCommand {
    /// The options of the measurement.
    /// - Throws: `ValidationError`; the errors of reading a configuration.
    func options() throws -> BenchmarkOptions {
        var options = BenchmarkOptions(model: path ?? model ?? "")
        let run = runOptions
        options.device = run.device
        (options.hint, options.api) = (run.hint?.hint, run.api)
        (options.iterations, options.seconds) = (run.iterations, run.seconds)
        (options.requests, options.streams, options.threads) = (run.requests, run.streams, run.threads)
        (options.pinning, options.precision) = (run.pinning?.isOn, run.precision)
        (options.shape, options.dataShape, options.batch) = (inputs.shape, inputs.dataShape, inputs.batch)
        options.layout = inputs.layout
        (options.inputPrecision, options.outputPrecision) = (inputs.inputPrecision?.type, inputs.outputPrecision?.type)
        options.inputOutputPrecision = inputs.inputOutputPrecision
        (options.mean, options.scale, options.inputs) = (inputs.mean, inputs.scale, inputs.inputs)
        options.inferenceOnly = run.inferenceOnly?.isOn
        options.warmsUp = !run.noWarmUp
        options.counters = reports.needsCounters
        (options.maximumRate, options.cacheDirectory) = (run.maximumRate, run.cacheDirectory)
        options.loadsFromFile = run.loadsFromFile?.isOn ?? false
        options.extensions = run.extensions?.split(separator: ",").map(String.init) ?? []
        options.properties = try run.loadConfig.map { try PropertyFile.read($0, device: run.device) } ?? []
        for text in run.property {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw BenchmarkError.option("--property", value: text, reason: "it must be KEY=VALUE")
            }
            options.properties.set(.custom(String(text[..<equals]), String(text[text.index(after: equals)...])))
        }
        return options
    }

    func dumpConfiguration(_ options: BenchmarkOptions, to file: String) throws {
        try PropertyFile.write(options.runtimeProperties(), device: options.device, to: file)
    }

    /// Writes the reports that the options ask for.
    func write(_ result: BenchmarkResult) throws {
        let arguments = Array(CommandLine.arguments.dropFirst(3))
        let report = BenchmarkReport(result, arguments: arguments, percentile: reports.percentile ?? 50)
        if let file = reports.report {
            try (report.csv + (result.counters.isEmpty ? "" : report.averageCounters)).write(
                to: URL(filePath: file), atomically: true, encoding: .utf8)
        }
        guard reports.reportType != nil || reports.reportFolder != nil else { return }
        let folder = URL(filePath: reports.reportFolder ?? ".")
        func save(_ text: String, _ name: String) throws {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        if reports.jsonReports?.isOn == true {
            try save(jsonText(result), "benchmark_report.json")
            return
        }
        try save(report.csv, "benchmark_report.csv")
        switch reports.reportType {
        case .averageCounters: try save(report.averageCounters, "benchmark_average_counters_report.csv")
        case .detailedCounters: try save(report.detailedCounters, "benchmark_detailed_counters_report.csv")
        case .noCounters, nil: break
        }
    }
}
