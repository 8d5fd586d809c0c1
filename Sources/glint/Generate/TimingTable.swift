import Diffusion
import Inference
import Workflows

/// The timings of one request as lines of text.
struct TimingTable {
    let text: String

    init(_ timings: GenerationTimings) {
        var table = TextTable(columns: ["", "load", "compile", "runs", "a run", "in all"])
        for network in timings.networks {
            let runs = network.runs.map(\.seconds)
            table.add([
                network.name, format(seconds: (network.graph + network.reading).seconds),
                format(seconds: network.compiling.seconds), "\(runs.count)",
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
