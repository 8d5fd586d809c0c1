import Diffusion
import Foundation

/// What `--json` prints: keys are named with their units.
struct GenerationReport: Encodable {
    let model: String?
    let steps: Int
    let guidanceScale: Double
    let scheduler: String
    let pictures: [DrawnPicture]
    let notes: [String]
    let warnings: [String]
    let timings: TimingReport
    let peakMemoryBytes: Int?

    init(_ drawing: Drawing) {
        model = drawing.model.model
        steps = drawing.resolved.numInferenceSteps
        guidanceScale = drawing.resolved.guidanceScale
        scheduler = drawing.resolved.scheduler.className
        pictures = drawing.pictures
        notes = drawing.notes
        warnings = drawing.result.warnings
        timings = TimingReport(drawing.result.timings)
        peakMemoryBytes = ProcessMemory.peakBytes
    }

    enum CodingKeys: String, CodingKey {
        case model, steps, scheduler, pictures, notes, warnings, timings
        case guidanceScale = "guidance_scale"
        case peakMemoryBytes = "peak_memory_bytes"
    }
}

/// The timings of one request in seconds.
struct TimingReport: Encodable {
    let totalSeconds: Double
    let tokenizingSeconds: Double
    let noiseSeconds: Double
    let schedulerSeconds: Double
    let conversionSeconds: Double
    let outsideNetworksSeconds: Double
    let networks: [Network]

    struct Network: Encodable {
        let name: String
        let graphSeconds: Double
        let readSeconds: Double
        let compileSeconds: Double
        let runSeconds: [Double]

        enum CodingKeys: String, CodingKey {
            case name
            case graphSeconds = "graph_seconds"
            case readSeconds = "read_seconds"
            case compileSeconds = "compile_seconds"
            case runSeconds = "run_seconds"
        }
    }

    init(_ timings: GenerationTimings) {
        totalSeconds = timings.total.seconds
        tokenizingSeconds = timings.tokenizing.seconds
        noiseSeconds = timings.noise.seconds
        schedulerSeconds = timings.scheduler.seconds
        conversionSeconds = timings.conversion.seconds
        outsideNetworksSeconds = timings.outsideNetworks.seconds
        networks = timings.networks.map {
            Network(
                name: $0.name, graphSeconds: $0.graph.seconds, readSeconds: $0.reading.seconds,
                compileSeconds: $0.compiling.seconds, runSeconds: $0.runs.map(\.seconds))
        }
    }

    enum CodingKeys: String, CodingKey {
        case networks
        case totalSeconds = "total_seconds"
        case tokenizingSeconds = "tokenizing_seconds"
        case noiseSeconds = "noise_seconds"
        case schedulerSeconds = "scheduler_seconds"
        case conversionSeconds = "conversion_seconds"
        case outsideNetworksSeconds = "outside_networks_seconds"
    }
}

/// The timings of one request as lines of text.
struct TimingTable {
    let text: String

    init(_ timings: GenerationTimings) {
        var table = TextTable(columns: ["", "load", "compile", "runs", "a run", "in all"])
        for network in timings.networks {
            let runs = network.runs.map(\.seconds)
            table.add([
                network.name, milliseconds(network.graph + network.reading), milliseconds(network.compiling), "\(runs.count)",
                runs.isEmpty ? "" : format(seconds: median(runs)),
                format(seconds: (network.graph + network.reading + network.compiling).seconds + runs.reduce(0, +)),
            ])
        }
        for (name, duration) in [
            ("tokenizing", timings.tokenizing), ("noise", timings.noise), ("scheduler", timings.scheduler),
            ("to 8 bits", timings.conversion), ("total", timings.total),
        ] {
            table.add([name, "", "", "", "", format(seconds: duration.seconds)])
        }
        text = table.text
    }
}

func milliseconds(_ duration: Duration) -> String { format(seconds: duration.seconds) }

/// `1.23 s`, `45.6 ms`, `0.78 ms`.
func format(seconds: Double) -> String {
    seconds >= 1 ? String(format: "%.2f s", seconds) : String(format: seconds >= 0.01 ? "%.1f ms" : "%.2f ms", seconds * 1000)
}

func format(bytes: Int) -> String {
    bytes >= 1 << 30
        ? String(format: "%.2f GiB", Double(bytes) / 1_073_741_824)
        : String(format: bytes >= 100 << 20 ? "%.0f MiB" : "%.1f MiB", Double(bytes) / 1_048_576)
}

/// The middle value, or the mean of the middle two.
/// - Precondition: there is a value.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

func jsonText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
