import Diffusion
import Foundation
import Inference
import OpenVINO
import Workflows

/// Durations of the kinds of nodes in each network, the longest first.
struct NodeTable {
    let text: String

    init(_ timings: GenerationTimings) {
        text = timings.networks.filter { !$0.nodes.isEmpty }.map(Self.table).joined(separator: "\n\n")
    }

    private static func table(_ network: GenerationTimings.Network) -> String {
        struct Kind: Hashable { let type, kernel: String }
        var kinds: [Kind: (seconds: Double, count: Int)] = [:]
        for node in network.nodes where node.status == .executed {
            let kind = Kind(type: node.nodeType, kernel: node.execType)
            let known = kinds[kind] ?? (0, 0)
            kinds[kind] = (known.seconds + node.realTime.seconds, known.count + 1)
        }
        let total = kinds.values.reduce(0) { $0 + $1.seconds }
        var table = TextTable(columns: [network.name, "nodes", "time", "share"])
        for (kind, figures) in kinds.sorted(by: { $0.value.seconds > $1.value.seconds }) where figures.seconds > 0 {
            let share = Int((1000 * figures.seconds / max(total, .leastNonzeroMagnitude)).rounded())
            table.add([
                "\(kind.type) \(kind.kernel)", "\(figures.count)", format(seconds: figures.seconds),
                "\(share / 10).\(share % 10) %",
            ])
        }
        return table.text
    }
}

extension PipelineBenchmark {
    var table: String {
        var table = TextTable(columns: [model, "graph", "read", "compile", "runs", "median run", "min", "max"])
        for network in networks {
            func text(_ value: Double?) -> String { value.map { format(seconds: $0) } ?? "" }
            table.add([
                network.name, format(seconds: network.graphSeconds), format(seconds: network.readSeconds),
                format(seconds: network.compileSeconds), "\(network.runsPerPicture)", text(network.medianRunSeconds),
                text(network.minimumRunSeconds), text(network.maximumRunSeconds),
            ])
        }
        let share = totalSeconds > 0 ? String(format: "%.2f %%", 100 * outsideNetworksSeconds / totalSeconds) : ""
        var lines = [table.text, ""]
        let memory = ready.memoryBytes.map { ", \(format(bytes: $0)) of memory beyond the mapped files" } ?? ""
        lines.append("ready to compile    \(format(seconds: ready.seconds)) from the folder\(memory)")
        lines.append("outside networks    \(format(seconds: outsideNetworksSeconds)) (\(share) of a picture)")
        lines.append("a picture           \(format(seconds: totalSeconds)), the first \(format(seconds: firstTotalSeconds))")
        if let peakMemoryBytes { lines.append("peak memory         \(format(bytes: peakMemoryBytes))") }
        return lines.joined(separator: "\n")
    }
}
