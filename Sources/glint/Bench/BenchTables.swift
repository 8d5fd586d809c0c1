import Diffusion
import Foundation
import Inference
import Workflows

extension GenerationTimings {
    /// Durations of the kinds of nodes in each network.
    var nodeTables: String {
        networks.filter { !$0.nodes.isEmpty }.map { network in
            let kinds = network.nodeKinds
            let total = kinds.reduce(Duration.zero) { $0 + $1.duration }
            var table = TextTable(columns: [network.name, "nodes", "time", "share"])
            for kind in kinds {
                table.add([
                    "\(kind.type) \(kind.kernel)", "\(kind.count)", format(seconds: kind.duration.seconds),
                    String(format: "%.1f %%", 100 * (kind.duration / total)),
                ])
            }
            return table.text
        }.joined(separator: "\n\n")
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
        var lines = [table.text, "", "precision           \(precision)"]
        let memory = ready.memoryBytes.map { ", \(format(bytes: $0)) of memory beyond the mapped files" } ?? ""
        lines.append("ready to compile    \(format(seconds: ready.seconds)) from the folder\(memory)")
        lines.append("outside networks    \(format(seconds: outsideNetworksSeconds)) (\(share) of a picture)")
        lines.append("a picture           \(format(seconds: totalSeconds)), the first \(format(seconds: firstTotalSeconds))")
        if let peakMemoryBytes { lines.append("peak memory         \(format(bytes: peakMemoryBytes))") }
        return lines.joined(separator: "\n")
    }
}
