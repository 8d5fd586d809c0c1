import Adapters
import Diffusion
import Foundation

/// Shows on standard error how far a request is: a bar that is drawn over on a terminal, a line a step elsewhere.
final class ProgressDisplay {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let pictures: Int
    private var steps = 1
    private var done = 0
    private var lineIsOpen = false
    private let start = ContinuousClock.now

    init(pictures: Int) { self.pictures = pictures }

    func note(_ text: String) { line("note: \(text)") }

    func show(_ event: GenerationEvent) {
        switch event {
        case .accepted(let request): steps = request.numInferenceSteps
        case .warning(let text): line("warning: \(text)")
        // A LoRA of the UNet alone has nothing to say of text encoders.
        case .adapted(let report):
            if report.files.contains(where: { $0.placed > 0 || !$0.unplaced.isEmpty }) { note("\(report)") }
        case .stage(let stage): status(stage.rawValue)
        case .step(let step):
            done += step.pictures.count
            status(
                "step \(step.index + 1) of \(step.count)\(pictures > 1 ? ", picture \(step.pictures.upperBound) of \(pictures)" : "")"
            )
        case .picture(let picture):
            if picture.safety?.isFlagged == true { line("note: The safety checker had picture \(picture.index + 1) blurred.") }
        case .outputs: break
        }
    }

    func finish() {
        if lineIsOpen { write("\r\u{1B}[K") }
        lineIsOpen = false
    }

    private func status(_ text: String) {
        let seconds = String(format: "%.1f s", (ContinuousClock.now - start).seconds)
        guard isTerminal else {
            line("\(text) (\(seconds))")
            return
        }
        let width = 24
        let filled = min(width * done / max(steps * pictures, 1), width)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        write("\r\u{1B}[K\(bar) \(text) · \(seconds)")
        lineIsOpen = true
    }

    private func line(_ text: String) {
        finish()
        write(text + "\n")
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
