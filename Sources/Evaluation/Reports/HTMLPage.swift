/// The parts of pages that stand alone: no scripts, and no links to anything.
enum HTMLPage {
    /// - Parameters:
    ///   - style: rules beside those of tables.
    ///   - body: what follows the heading, escaped already.
    static func text(title: String, style: String, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>\(escaped(title))</title>
        <style>
        body { font-family: sans-serif; margin: 2em; }
        table { border-collapse: collapse; margin: 1em 0; }
        th, td { border: 1px solid #bbb; padding: 0.3em 0.8em; text-align: right; }
        .text { text-align: left; }
        \(style)
        </style>
        </head>
        <body>
        <h1>\(escaped(title))</h1>
        \(body)</body>
        </html>

        """
    }

    /// - Parameter texts: indices of the text columns, aligned to the left.
    static func table(_ head: [String], _ rows: [[String]], texts: Set<Int> = [0]) -> String {
        func line(_ cells: [String], _ tag: String) -> String {
            let cells = cells.enumerated().map { column, cell in
                "<\(tag)\(texts.contains(column) ? " class=\"text\"" : "")>\(escaped(cell))</\(tag)>"
            }
            return "<tr>\(cells.joined())</tr>\n"
        }
        return "<table>\n\(line(head, "th"))\(rows.map { line($0, "td") }.joined())</table>\n"
    }

    /// Text escaped for an element or an attribute in double quotes.
    static func escaped(_ text: String) -> String {
        // By scalars: a sign with a combining mark is a different character, but a browser still sees the sign.
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;".unicodeScalars
            case "<": result += "&lt;".unicodeScalars
            case ">": result += "&gt;".unicodeScalars
            case "\"": result += "&quot;".unicodeScalars
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
