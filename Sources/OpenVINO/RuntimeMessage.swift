/// A message of the runtime: what it says, between the source locations that the exception passed.
///
///     Exception from src/inference/src/cpp/core.cpp:126:
///     Check 'a == b' failed at src/core/src/node.cpp:37:
///     While validating node 'opset1::MatMul y': …
struct RuntimeMessage {
    let text: String
    init(_ text: String) { self.text = text }

    /// The message in one line, without locations; the conditions of failed checks only where nothing else is said.
    var reason: String {
        let lines = text.split(whereSeparator: \.isNewline).map(Self.trimmed).filter { !$0.isEmpty && !Self.isLocation($0) }
        let said = lines.filter { !Self.isCheck($0) }
        return (said.isEmpty ? lines : said).joined(separator: " ")
    }

    /// `Exception from src/….cpp:126:`
    private static func isLocation(_ line: String) -> Bool {
        line.hasPrefix("Exception from ") && line.hasSuffix(":")
    }

    /// `Check '…' failed at src/….cpp:37:`
    private static func isCheck(_ line: String) -> Bool {
        line.hasPrefix("Check '") && line.contains("' failed at ") && line.hasSuffix(":")
    }

    private static func trimmed(_ line: Substring) -> String {
        guard let first = line.firstIndex(where: { !$0.isWhitespace }), let last = line.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(line[first...last])
    }
}
