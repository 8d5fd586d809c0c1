import ArgumentParser
import Foundation
import Synchronization
import TensorStore
import Workflows

struct ProgressOptions: ParsableArguments {
    @Flag(help: "Show no progress and no notes; warnings and errors stay.") var quiet = false

    var bar: ProgressBar { ProgressBar(isQuiet: quiet) }
}

/// Progress on standard error: a redrawn bar on a terminal, otherwise lines. Safe to use from any thread.
final class ProgressBar: Sendable {
    private struct State {
        var phase = ""
        var count = 1
        var done = 0
        var lineIsOpen = false
    }

    let isTerminal = isatty(STDERR_FILENO) == 1
    private let isQuiet: Bool
    private let start = ContinuousClock.now
    private let state = Mutex(State())
    private static let width = 24

    fileprivate init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Shows a phase or one of its steps; phases alone without a terminal.
    func show(_ progress: WorkProgress) {
        let (text, done, count) = state.withLock { state in
            switch progress {
            case .phase(let text, let count): (state.phase, state.count, state.done) = (text, max(count, 1), 0)
            case .step: state.done += 1
            }
            return (state.phase, state.done, state.count)
        }
        if !isTerminal, case .step = progress { return }
        show(isTerminal && count > 1 ? "\(text) \(done) of \(count)" : text, share: Double(done) / Double(count))
    }

    /// Shows a text with the elapsed time, and the finished share of the work.
    func show(_ text: String, share: Double) {
        if isQuiet { return }
        let seconds = String(format: "%.1f s", (ContinuousClock.now - start).seconds)
        if isTerminal { draw("\(text) · \(seconds)", share: share) } else { line("\(text) (\(seconds))") }
    }

    /// Redraws the bar; without a terminal, prints a line of text.
    func draw(_ text: String, share: Double) {
        if isQuiet { return }
        guard isTerminal else { return line(text) }
        let filled = max(0, min(Self.width, Int(Double(Self.width) * share)))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
        state.withLock { state in
            write("\r\u{1B}[K\(bar) \(text)")
            state.lineIsOpen = true
        }
    }

    func note(_ text: String) { if !isQuiet { line("note: \(text)") } }

    /// Prints a line above the bar, as part of the progress.
    func status(_ text: String) { if !isQuiet { line(text) } }

    func warning(_ text: String) { line("warning: \(text)") }

    /// Prints a line above the bar, also where progress is not shown.
    func line(_ text: String) {
        state.withLock { state in
            close(&state)
            write(text.cutForMessage + "\n")
        }
    }

    /// Removes the bar.
    func finish() { state.withLock { close(&$0) } }

    private func close(_ state: inout State) {
        if state.lineIsOpen { write("\r\u{1B}[K") }
        state.lineIsOpen = false
    }

    private func write(_ text: String) { StandardStream.report(text) }
}
