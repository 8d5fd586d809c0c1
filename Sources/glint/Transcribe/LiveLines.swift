import Foundation

/// Words that are printed as they are settled. On a terminal, the text that may still change follows them, dim.
struct LiveLines {
    private let isShown: Bool
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    /// The settled words of the line.
    private var line = ""
    private var tail = ""

    /// - Parameter isShown: false prints nothing on other outputs than a terminal.
    init(isShown: Bool) { self.isShown = isShown }

    /// Adds settled words.
    mutating func add(_ text: String) throws {
        guard isShown || isTerminal else { return }
        let text = line.isEmpty ? String(text.drop(while: \.isWhitespace)) : text
        try StandardStream.write(clearing + text)
        (line, tail) = (line + text, "")
    }

    /// Shows the text after the settled words, in place of the one before.
    mutating func show(_ text: String) throws {
        guard isTerminal else { return }
        // What is wider than the line could not be overwritten.
        let shown = String(text.prefix(max(0, Self.width - 1 - line.count % Self.width)))
        try StandardStream.write(clearing + (shown.isEmpty ? "" : "\u{1B}7\u{1B}[2m\(shown)\u{1B}[0m"))
        tail = shown
    }

    mutating func endLine() throws {
        guard !line.isEmpty else { return }
        try StandardStream.write(clearing + "\n")
        (line, tail) = ("", "")
    }

    /// Back to the end of the settled words, and nothing after them.
    private var clearing: String { tail.isEmpty ? "" : "\u{1B}8\u{1B}[K" }

    private static var width: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
}
