import Diffusion
import Foundation

/// What `glint bench pipeline` measured: loading by the first picture, everything else by medians over the others.
struct PipelineBenchmark: Encodable {
    let model: String
    let steps: Int
    let repeats: Int
    let ready: ReadyBenchmark
    let networks: [Network]
    let tokenizingSeconds: Double
    let noiseSeconds: Double
    let schedulerSeconds: Double
    let conversionSeconds: Double
    /// Everything that no network's loading or running took, in a whole picture.
    let outsideNetworksSeconds: Double
    let totalSeconds: Double
    let firstTotalSeconds: Double
    let peakMemoryBytes: Int?
    /// The last picture's, for its nodes; not part of the JSON.
    let profiled: GenerationTimings

    struct Network: Encodable {
        let name: String
        let graphSeconds: Double
        let readSeconds: Double
        let compileSeconds: Double
        let runsPerPicture: Int
        let medianRunSeconds: Double?
        let minimumRunSeconds: Double?
        let maximumRunSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case name
            case graphSeconds = "graph_seconds"
            case readSeconds = "read_seconds"
            case compileSeconds = "compile_seconds"
            case runsPerPicture = "runs_per_picture"
            case medianRunSeconds = "median_run_seconds"
            case minimumRunSeconds = "minimum_run_seconds"
            case maximumRunSeconds = "maximum_run_seconds"
        }
    }

    init(model: String, ready: ReadyBenchmark, first: GenerationTimings, rest: [GenerationTimings], steps: Int) {
        self.model = model
        self.steps = steps
        repeats = rest.count
        self.ready = ready
        networks = first.networks.map { network in
            // The first run of each network warms it up.
            let runs = rest.flatMap { $0[network.name]?.runs ?? [] }.map(\.seconds)
            return Network(
                name: network.name, graphSeconds: network.graph.seconds, readSeconds: network.reading.seconds,
                compileSeconds: network.compiling.seconds, runsPerPicture: network.runs.count,
                medianRunSeconds: runs.isEmpty ? nil : median(runs), minimumRunSeconds: runs.min(), maximumRunSeconds: runs.max())
        }
        func middle(_ value: (GenerationTimings) -> Duration) -> Double { median(rest.map { value($0).seconds }) }
        tokenizingSeconds = middle(\.tokenizing)
        noiseSeconds = middle(\.noise)
        schedulerSeconds = middle(\.scheduler)
        conversionSeconds = middle(\.conversion)
        outsideNetworksSeconds = middle(\.outsideNetworks)
        totalSeconds = middle(\.total)
        firstTotalSeconds = first.total.seconds
        peakMemoryBytes = ProcessMemory.peakBytes
        profiled = rest[rest.count - 1]
    }

    enum CodingKeys: String, CodingKey {
        case model, steps, repeats, ready, networks
        case tokenizingSeconds = "tokenizing_seconds"
        case noiseSeconds = "noise_seconds"
        case schedulerSeconds = "scheduler_seconds"
        case conversionSeconds = "conversion_seconds"
        case outsideNetworksSeconds = "outside_networks_seconds"
        case totalSeconds = "total_seconds"
        case firstTotalSeconds = "first_total_seconds"
        case peakMemoryBytes = "peak_memory_bytes"
    }

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
