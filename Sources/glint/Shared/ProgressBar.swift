import Foundation

/// Shows on standard error how far long work is that is counted in steps: a bar on a terminal, a line a phase elsewhere.
final class StepProgress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private var text = ""
    private var count = 1
    private var done = 0
    private var lineIsOpen = false

    /// Begins a phase of `count` steps.
    func begin(_ text: String, of count: Int) {
        self.text = text
        self.count = max(count, 1)
        done = 0
        if isTerminal { draw() } else { write("\(text) (\(seconds))\n") }
    }

    func advance() {
        done += 1
        if isTerminal { draw() }
    }

    func note(_ text: String) {
        finish()
        write("note: \(text)\n")
    }

    func finish() {
        if lineIsOpen { write("\r\u{1B}[K") }
        lineIsOpen = false
    }

    private var seconds: String { String(format: "%.1f s", (ContinuousClock.now - start).seconds) }

    private func draw() {
        let width = 24
        let filled = min(width * done / count, width)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        write("\r\u{1B}[K\(bar) \(text)\(count > 1 ? " \(done) of \(count)" : "") · \(seconds)")
        lineIsOpen = true
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
