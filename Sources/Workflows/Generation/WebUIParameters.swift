import TensorStore

/// How a picture was drawn, in the notation of AUTOMATIC1111's web UI: the prompt, `Negative prompt: …`, and a last line
/// `Steps: 20, Sampler: Euler a, …`.
///
/// Reference: `create_infotext` and `parse_generation_parameters` of the web UI 1.10.
struct WebUIParameters: Equatable {
    var prompt: String
    /// Empty where there is none.
    var negativePrompt: String
    /// The parameters of the last line, in order.
    var fields: [Field]

    struct Field: Equatable {
        let key: String
        let value: String
    }

    init(prompt: String, negativePrompt: String = "", fields: [Field] = []) {
        self.prompt = prompt
        self.negativePrompt = negativePrompt
        self.fields = fields
    }

    /// The value of the first parameter of a name.
    subscript(key: String) -> String? { fields.first { $0.key == key }?.value }
}

// MARK: Writing

extension WebUIParameters {
    private static let negativePrefix = "Negative prompt:"

    var text: String {
        let negative = negativePrompt.isEmpty ? [] : ["\(Self.negativePrefix) \(negativePrompt)"]
        let line = fields.map { "\($0.key): \(Self.quoted($0.value))" }.joined(separator: ", ")
        return ([prompt] + negative + [line]).joined(separator: "\n")
    }

    /// A value as it is, or as a string of JSON where it would be read as several parameters.
    private static func quoted(_ value: String) -> String {
        guard value.contains(where: { ",\n:".contains($0) }) else { return value }
        return JSONValue.string(value).description
    }
}

// MARK: Reading

extension WebUIParameters {
    /// Fewer parameters than this in the last line are words of the prompt.
    private static let fewestFields = 3

    /// Reads any text; one that has no parameters is all prompt.
    init(_ text: String) {
        var lines = text.trimmed.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map { String($0).trimmed }
        // A value in quotation marks may have several lines, by some extensions.
        let isOpen = { (line: String) in line.hasPrefix("Steps:") && !line.count(where: { $0 == "\"" }).isMultiple(of: 2) }
        let start = lines.lastIndex(where: isOpen) ?? lines.count - 1
        fields = Self.fields(lines[max(start, 0)...].joined(separator: "\n"))
        if fields.count < Self.fewestFields { fields = [] } else { lines.removeSubrange(start...) }
        var parts: (prompt: [String], negative: [String]?) = ([], nil)
        for line in lines {
            let isNegative = line.hasPrefix(Self.negativePrefix)
            if isNegative || parts.negative != nil {
                let content = isNegative ? String(line.dropFirst(Self.negativePrefix.count)).trimmed : line
                parts.negative = (parts.negative ?? []) + [content]
            } else {
                parts.prompt.append(line)
            }
        }
        prompt = parts.prompt.joined(separator: "\n")
        negativePrompt = (parts.negative ?? []).joined(separator: "\n")
    }

    /// A longer key is none; it bounds the time for texts of one long word.
    private static let longestKey = 100

    /// The parameters of a line: `key: value`, separated by commas. A value in quotation marks may contain commas. Anything else is
    /// skipped.
    private static func fields(_ line: String) -> [Field] {
        var fields: [Field] = []
        var rest = Substring(line).unicodeScalars
        while !rest.isEmpty {
            guard let (field, end) = field(rest) else {
                rest = rest.dropFirst()
                continue
            }
            fields.append(field)
            rest = end
        }
        return fields
    }

    /// The parameter at the beginning of `text`, and what follows it and its comma.
    private static func field(
        _ text: Substring.UnicodeScalarView
    ) -> (Field, rest: Substring.UnicodeScalarView)? {
        func isWord(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_": true
            default: !scalar.isASCII && (Character(scalar).isLetter || Character(scalar).isNumber)
            }
        }
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
        let start = text.prefix(longestKey).drop(while: isSpace)
        guard let first = start.first, isWord(first) else { return nil }
        let key = start.prefix { isWord($0) || " -/".unicodeScalars.contains($0) }
        guard key.count > 1, key.endIndex < text.endIndex, text[key.endIndex] == ":" else { return nil }
        let value = text[text.index(after: key.endIndex)...].drop(while: isSpace)
        let name = String(Substring(key))
        if let quoted = quotedEnd(value), quoted == text.endIndex || text[quoted] == "," {
            let inside = String(Substring(value[..<quoted]))
            let string = (try? JSONValue(parsing: inside.utf8))?.string ?? inside
            return (Field(key: name, value: string), text[quoted...].dropFirst())
        }
        let plain = value.prefix { $0 != "," }
        return (Field(key: name, value: String(Substring(plain)).trimmed), text[plain.endIndex...].dropFirst())
    }

    /// The end of a string in quotation marks at the beginning of `text`, which `\` escapes; nil where there is none.
    private static func quotedEnd(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView.Index? {
        guard text.first == "\"" else { return nil }
        var isEscaped = false
        var index = text.index(after: text.startIndex)
        while index < text.endIndex {
            let scalar = text[index]
            index = text.index(after: index)
            if isEscaped {
                isEscaped = false
            } else if scalar == "\"" {
                return index
            } else {
                isEscaped = scalar == "\\"
            }
        }
        return nil
    }
}

extension String {
    /// Without white space at both ends.
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
