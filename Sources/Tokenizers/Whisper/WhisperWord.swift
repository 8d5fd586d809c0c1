/// A word of a transcript: consecutive tokens, and their text with the space before it.
public struct WhisperWord: Sendable, Equatable {
    public var text: String
    public var tokens: [Int32]

    public init(text: String, tokens: [Int32]) {
        self.text = text
        self.tokens = tokens
    }
}

extension WhisperTokenizer {
    /// The words that tokens make, special ones included; OpenAI's `split_to_word_tokens`.
    ///
    /// A word begins with a space, is punctuation, or is a special token. In languages that are written without spaces every
    /// group of tokens that makes whole characters is one.
    /// - Parameter language: that of the text; nil for one with spaces.
    public func words(of tokens: [Int32], language: WhisperLanguage? = nil) -> [WhisperWord] {
        let parts = wholeCharacters(tokens)
        guard language?.isWrittenWithoutSpaces != true else { return parts }
        var words: [WhisperWord] = []
        for part in parts {
            let begins =
                part.tokens[0] >= special.endOfText || part.text.unicodeScalars.first == " " || part.text.isPunctuationInPython
            if begins || words.isEmpty {
                words.append(part)
            } else {
                words[words.count - 1].text += part.text
                words[words.count - 1].tokens += part.tokens
            }
        }
        return words
    }

    /// The smallest groups of tokens that make whole characters. U+FFFD that the whole text has too ends a group as well;
    /// tokens at the end that make no character are left out, both as in the reference.
    private func wholeCharacters(_ tokens: [Int32]) -> [WhisperWord] {
        let whole = Array(decode(tokens, showing: .all).unicodeScalars)
        var groups: [WhisperWord] = []
        var current: [Int32] = []
        var offset = 0
        for token in tokens {
            current.append(token)
            let text = decode(current, showing: .all)
            let scalars = Array(text.unicodeScalars)
            if let broken = scalars.firstIndex(of: "\u{FFFD}") {
                guard offset + broken < whole.count, whole[offset + broken] == "\u{FFFD}" else { continue }
            }
            groups.append(WhisperWord(text: text, tokens: current))
            offset += scalars.count
            current = []
        }
        return groups
    }
}

extension String {
    /// Python's `self.strip() in string.punctuation`: nothing but white space, or a piece of the list of ASCII's punctuation.
    fileprivate var isPunctuationInPython: Bool {
        let content = Array(unicodeScalars).strippedAsInPython
        return content.isEmpty || Self.punctuation.firstRange(of: content) != nil
    }

    private static let punctuation = Array("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".unicodeScalars)
}
