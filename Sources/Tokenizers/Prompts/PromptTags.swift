/// A prompt without its tags for other networks, such as `<lora:name:0.8>`, in AUTOMATIC1111's notation.
public struct PromptTags: Sendable, Equatable {
    /// A tag: a word, and arguments between colons.
    public struct Tag: Sendable, Hashable {
        public let kind: String
        public let arguments: [String]

        /// Whether it names a LoRA: `lora`, or `lyco` as older extensions call it.
        public var isLoRA: Bool { ["lora", "lyco"].contains(kind.lowercased()) }
    }

    /// The prompt without tags.
    public let text: String
    public let tags: [Tag]

    public init(parsing prompt: String) {
        var text = prompt[...].unicodeScalars
        var kept = String.UnicodeScalarView()
        var tags: [Tag] = []
        while let open = text.firstIndex(of: "<") {
            kept.append(contentsOf: text[..<open])
            text = text[open...]
            // Without another closing mark there is no further tag.
            guard let close = text.firstIndex(of: ">") else { break }
            if let tag = Tag(text[text.index(after: open)..<close]) {
                tags.append(tag)
                text = text[text.index(after: close)...]
            } else {
                kept.append("<")
                text = text.dropFirst()
            }
        }
        kept.append(contentsOf: text)
        (self.text, self.tags) = (String(kept), tags)
    }
}

extension PromptTags.Tag {
    /// - Parameter content: the text between `<` and `>`.
    fileprivate init?(_ content: Substring.UnicodeScalarView) {
        guard let colon = content.firstIndex(of: ":"), colon != content.startIndex,
            content[..<colon].allSatisfy({ $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil })
        else { return nil }
        let arguments = content[content.index(after: colon)...]
        guard !arguments.isEmpty else { return nil }
        kind = String(content[..<colon])
        self.arguments = arguments.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
    }
}

/// Notations of other programs that have no meaning here.
public enum ForeignNotation {
    /// A sentence for each notation in a prompt whose marks are drawn as words.
    public static func notes(of prompt: String) -> [String] {
        var notes: [String] = []
        if prompt.contains(/\bAND\b/) {
            notes.append("AND is drawn as a word: prompts are not composed. Draw them one by one, or join them by commas.")
        }
        if let choice = prompt.firstMatch(of: /\{[^{}]{0,60}\}/)?.output {
            notes.append("\(choice) is drawn as words: choices are not made. [a|b] takes turns, and a prompt file draws each.")
        }
        if let wildcard = prompt.firstMatch(of: /__[\w\/-]{1,60}__/)?.output {
            notes.append("\(wildcard) is drawn as words: no words are put in its place.")
        }
        return notes
    }
}
