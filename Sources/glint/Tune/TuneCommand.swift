import ArgumentParser
import Diffusion
import Foundation
import Inference
import Workflows

struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Find this machine's fastest settings for a model of pictures, and keep them for glint generate.",
        discussion: """
            Threads, streams and precisions are tried by drawing pictures, each in turns with the best before it. A setting must be \
            faster in every turn, and by 3 % in the middle. A precision of 16 bits counts only if its pictures are \
            within 45 dB of those of f32. glint generate takes what was found for the same model, machine and runtime, unless \
            --threads, --precision or --no-tuned say otherwise.
            """)

    @Argument(help: "The model's folder or file. (default: the repository's emoji-lcm)") var model: String?
    @Option(help: "The number of steps. (default: as glint generate)") var steps: Int?
    @Option(help: "Width in pixels. (default: the model's)") var width: Int?
    @Option(help: "Height in pixels. (default: the model's)") var height: Int?
    @Option(help: "The number of turns of two settings, after a picture that is not counted.") var repeats = 5
    @Flag(help: "Measure only; keep nothing.") var dryRun = false
    @OptionGroup(title: "Progress") var display: ProgressOptions
    @Flag(help: "Print one JSON object instead of text.") var json = false

    func validate() throws {
        if repeats < 1 { throw ValidationError("--repeats must be 1 or more; it is \(repeats).") }
    }

    func run() async throws {
        let folder = try ModelLocation.resolve(model)
        let request = GenerationRequest(
            prompts: ["a beautiful pink unicorn, 8k"], width: width, height: height, numInferenceSteps: steps)
        try await cancellingOnInterrupt {
            let bar = display.bar
            defer { bar.finish() }
            let report = try await ModelTuner(folder, request, repeats: repeats).tune { settings in
                bar.note("drawing with \(settings.text)")
            }
            bar.finish()
            if !dryRun { try TunedSettingsStore().keep(report.best, for: folder) }
            try print(json ? jsonText(report) : report.text(isKept: !dryRun))
        }
    }
}

extension TunedSettings {
    var text: String {
        let threads = threads.map { "\($0) thread\($0 == 1 ? "" : "s")" } ?? "a thread a core"
        return [threads, streams.map { "\($0) streams" }, precision.rawValue].compactMap { $0 }.joined(separator: ", ")
    }
}

extension ModelTuner.Report {
    fileprivate func text(isKept: Bool) -> String {
        func number(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "" }
        var table = TextTable(columns: ["settings", "a picture", "to the best before", "at most", "PSNR to f32", ""])
        for trial in trials {
            let decibels = trial.decibels.map { $0.isFinite ? String(format: "%.1f dB", $0) : "equal" } ?? ""
            table.add([
                trial.settings.text, format(seconds: trial.seconds), number(trial.ratio), number(trial.worstRatio), decibels,
                trial.isBest ? "best" : "",
            ])
        }
        let gain = String(format: "%.3f", ratio)
        return table.text + "\n\n\(best.text): \(gain) of the usual time\(isKept ? "; kept for glint generate" : "")"
    }
}
