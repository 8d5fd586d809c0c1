import Inference
import Diffusion
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
