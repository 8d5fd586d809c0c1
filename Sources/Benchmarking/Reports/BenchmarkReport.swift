import Foundation

/// A measurement as CSV in the form of `benchmark_app`'s reports: a name and a value a line, separated by semicolons.
public struct BenchmarkReport {
    private let result: BenchmarkResult
    private let arguments: [String]
    private let percentile: Int
    private let comparison: BenchmarkComparison?

    /// - Parameter arguments: the command line's.
    public init(_ result: BenchmarkResult, arguments: [String], percentile: Int = 50) {
        self.result = result
        self.arguments = arguments
        self.percentile = percentile
        comparison = nil
    }

    /// A row for each round of a comparison.
    public init(_ comparison: BenchmarkComparison) {
        result = comparison.first
        arguments = []
        percentile = 50
        self.comparison = comparison
    }

    /// The settings and the results.
    public var csv: String {
        if let comparison { return Self.rounds(comparison) }
        var lines = ["Command line parameters"]
        lines += parameters.map { "\($0.0);\($0.1)" }
        lines += ["", "Configuration setup"] + configuration.map { "\($0.0);\($0.1)" }
        lines += ["", "Execution results"] + results.map { "\($0.0);\($0.1)" }
        return lines.joined(separator: "\n") + "\n\n"
    }

    private static func rounds(_ comparison: BenchmarkComparison) -> String {
        let rows = comparison.rounds.enumerated().map { index, round in
            "\(index + 1);\(text(round.first));\(text(round.second));\(text(round.ratio, 4))"
        }
        return (["round;first (FPS);second (FPS);ratio"] + rows).joined(separator: "\n") + "\n"
    }

    /// Options and their values; a value is what follows an option without a dash.
    private var parameters: [(String, String)] {
        var pairs: [(String, String)] = []
        for argument in arguments {
            if argument.hasPrefix("-"), Double(argument) == nil {
                let parts = argument.drop { $0 == "-" }.split(separator: "=", maxSplits: 1).map(String.init)
                pairs.append((parts.first ?? "", parts.count > 1 ? parts[1] : ""))
            } else if let last = pairs.last, last.1.isEmpty {
                pairs[pairs.count - 1].1 = argument
            } else {
                pairs.append(("model", argument))
            }
        }
        return pairs
    }

    private var configuration: [(String, String)] {
        var rows = [
            ("topology", URL(filePath: result.model).deletingPathExtension().lastPathComponent),
            ("target device", result.device), ("API", result.api), ("inference_only", result.inferenceOnly ? "True" : "False"),
            ("precision", result.precision ?? "UNSPECIFIED"), ("batch size", "\(result.batch)"),
            ("number of iterations", "\(result.count)"), ("number of parallel infer requests", "\(result.requests)"),
            ("duration (ms)", Self.text(1000 * result.seconds)),
        ]
        if let streams = result.streams { rows.append(("number of \(result.device) streams", streams)) }
        return rows
    }

    private var results: [(String, String)] {
        let latency = result.latency
        var rows = [
            ("read model time (ms)", Self.text(result.readMilliseconds)),
            ("compile model time (ms)", Self.text(result.compileMilliseconds)),
        ]
        if let first = result.firstInferenceMilliseconds { rows.append(("first inference time (ms)", Self.text(first))) }
        let name = percentile == 50 ? "latency (ms)" : "latency (\(percentile) percentile) (ms)"
        rows += [
            ("total execution time (ms)", Self.text(1000 * result.seconds)), ("total number of iterations", "\(result.count)"),
            (name, Self.text(1000 * latency.percentile(Double(percentile)))), ("avg latency", Self.text(1000 * latency.average)),
            ("min latency", Self.text(1000 * latency.minimum)), ("max latency", Self.text(1000 * latency.maximum)),
        ]
        for group in result.groups {
            rows += [
                ("group", group.shapes), ("avg latency", Self.text(1000 * group.latency.average)),
                ("min latency", Self.text(1000 * group.latency.minimum)),
                ("max latency", Self.text(1000 * group.latency.maximum)),
            ]
        }
        rows.append(("throughput", Self.text(result.throughput)))
        if let peak = result.peakMemoryBytes { rows.append(("peak memory (bytes)", "\(peak)")) }
        return rows
    }

    /// Times of nodes, means over requests, in the device's order.
    public var averageCounters: String { Self.counters(result.counters) }

    /// The same for each request.
    public var detailedCounters: String { result.countersByRequest.map(Self.counters).joined() }

    private static func counters(_ nodes: [NodeCounter]) -> String {
        var lines = ["layerName;execStatus;layerType;execType;realTime (ms);cpuTime (ms)"]
        for node in nodes {
            lines.append(
                "\(node.name);\(node.status);\(node.type);\(node.kernel);\(text(node.realMilliseconds, 3));\(text(node.cpuMilliseconds, 3))"
            )
        }
        let real = nodes.reduce(0.0) { $0 + $1.realMilliseconds }
        let cpu = nodes.reduce(0.0) { $0 + $1.cpuMilliseconds }
        lines.append("Total;;;;\(text(real, 3));\(text(cpu, 3))")
        return lines.joined(separator: "\n") + "\n\n"
    }

    private static func text(_ value: Double, _ digits: Int = 2) -> String { String(format: "%.\(digits)f", value) }
}
