import Benchmarking
import Foundation

extension BenchmarkResult {
    /// The measurement as text; the lines of counts, latencies and throughput are as `benchmark_app` prints them.
    func text(_ reports: BenchModelReports) -> String {
        var lines = setup + figures(percentile: reports.percentile ?? 50)
        if !groups.isEmpty {
            lines.append("Latency for each data shape group:")
            for (index, group) in groups.enumerated() {
                lines.append("\(index + 1). \(group.shapes)")
                lines += latencyLines(group.latency, percentile: reports.percentile ?? 50, extra: [])
            }
        }
        lines.append("Throughput:   \(String(format: "%.2f", throughput)) FPS")
        if let peakMemoryBytes {
            let compiling = compileMemoryBytes.map { ", of which \(format(bytes: $0)) came with compiling" } ?? ""
            lines.append("Peak memory:  \(format(bytes: peakMemoryBytes))\(compiling)")
        }
        if !counters.isEmpty { lines += ["", counterTable(reports.counterOrder ?? .sort)] }
        return lines.joined(separator: "\n")
    }

    private var setup: [String] {
        var times = "read \(format(seconds: readMilliseconds / 1000)), compiled \(format(seconds: compileMilliseconds / 1000))"
        if let first = firstInferenceMilliseconds { times += ", first inference \(format(seconds: first / 1000))" }
        var lines = ["\(model)", "  \(times)"]
        for input in inputs {
            let layout = input.layout.map { " \($0)" } ?? ""
            lines.append("  \(input.name): \(input.elementType) \(input.shapes.joined(separator: " "))\(layout), \(input.values)")
        }
        var run = "  \(device), \(api), hint \(hint), \(requests) request\(requests == 1 ? "" : "s")"
        if let streams { run += ", \(streams) stream\(streams == "1" ? "" : "s")" }
        if let threads { run += ", \(threads) thread\(threads == 1 ? "" : "s")" }
        if let precision { run += ", \(precision)" }
        lines.append(run + (inferenceOnly ? "" : ", inputs set each time"))
        return lines
    }

    private func figures(percentile: Int) -> [String] {
        [
            "Count:            \(count) iterations", "Duration:         \(String(format: "%.2f", 1000 * seconds)) ms", "Latency:",
        ] + latencyLines(latency, percentile: percentile, extra: LatencyStatistics.percentiles.map { Int($0) })
    }

    private func latencyLines(_ latency: LatencyStatistics, percentile: Int, extra: [Int]) -> [String] {
        func line(_ name: String, _ value: Double) -> String {
            let inMicroseconds = latency.average < 0.001
            let number = String(format: inMicroseconds ? "%.2f us" : "%.2f ms", value * (inMicroseconds ? 1e6 : 1000))
            return "   " + "\(name):".padding(toLength: 15, withPad: " ", startingAt: 0) + number
        }
        let middle = percentile == 50 ? "Median" : "\(percentile) percentile"
        return [
            line(middle, latency.percentile(Double(percentile))), line("Average", latency.average),
            line("Min", latency.minimum), line("Max", latency.maximum),
        ] + extra.filter { $0 != percentile }.map { line("\($0) percentile", latency.percentile(Double($0))) }
    }

    private func counterTable(_ order: CounterOrder) -> String {
        let nodes =
            switch order {
            case .sort: counters.filter { $0.status == "EXECUTED" }.sorted { $0.realMilliseconds > $1.realMilliseconds }
            case .unsorted: counters
            case .simple: counters.filter { $0.status == "EXECUTED" }
            }
        let total = counters.reduce(0.0) { $0 + $1.realMilliseconds }
        var table = TextTable(columns: ["node", "type", "kernel", "status", "real (ms)", "cpu (ms)", "share"])
        for node in nodes {
            let share = total > 0 ? String(format: "%.1f %%", 100 * node.realMilliseconds / total) : ""
            table.add([
                node.name, node.type, node.kernel, node.status, String(format: "%.3f", node.realMilliseconds),
                String(format: "%.3f", node.cpuMilliseconds), share,
            ])
        }
        table.add(["total", "", "", "", String(format: "%.3f", total), "", ""])
        return table.text
    }
}

extension BenchmarkComparison {
    func text(_ reports: BenchModelReports) -> String {
        func number(_ value: Double) -> String { String(format: "%.2f", value) }
        var table = TextTable(columns: ["round", "first (FPS)", "second (FPS)", "second : first"])
        for (index, round) in rounds.enumerated() {
            table.add(["\(index + 1)", number(round.first), number(round.second), String(format: "%.3f", round.ratio)])
        }
        let summary = String(
            format: "Ratio:        %.3f (second to first, median of %d rounds; %.3f to %.3f)", ratio.median, rounds.count,
            ratio.minimum, ratio.maximum)
        return [first.text(reports), second.text(reports), table.text, summary].joined(separator: "\n\n")
    }
}
