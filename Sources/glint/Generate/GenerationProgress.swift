import Adapters
import Diffusion
import Inference
import Workflows

/// Shows the events of a request.
struct GenerationProgress {
    private let bar: ProgressBar
    private let pictures: Int
    private var steps = 1
    private var done = 0

    init(_ bar: ProgressBar, pictures: Int) {
        self.bar = bar
        self.pictures = pictures
    }

    mutating func show(_ event: GenerationEvent) {
        switch event {
        case .accepted(let request):
            steps = request.numInferenceSteps
            request.notes.forEach(bar.note)
        case .warning(let text): bar.warning(text)
        // A LoRA for the UNet alone has no keys for text encoders.
        case .adapted(let report):
            if report.files.contains(where: { $0.placed > 0 || !$0.unplaced.isEmpty }) { bar.note("\(report)") }
        case .stage(let stage): status(stage.rawValue)
        case .step(let step):
            done += step.pictures.count
            let picture = pictures > 1 ? ", picture \(step.pictures.upperBound) of \(pictures)" : ""
            status("step \(step.index + 1) of \(step.count)\(picture)")
        case .picture(let picture):
            if picture.safety?.isFlagged == true {
                bar.note("The safety checker had picture \(picture.index + 1) blurred.")
            }
        case .outputs: break
        }
    }

    private func status(_ text: String) { bar.show(text, share: Double(done) / Double(max(steps * pictures, 1))) }
}

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
