/// Whisper's normalization of texts in any language, before word errors are counted: lowercase, no brackets with what is in
/// them, no symbols and punctuation; OpenAI's `whisper/normalizers/basic.py`.
public struct BasicTextNormalizer: Sendable {
    /// Whether accents are taken off letters.
    public var removesDiacritics: Bool
    /// Whether each character counts as a word, for languages written without spaces.
    public var splitsLetters: Bool

    public init(removesDiacritics: Bool = false, splitsLetters: Bool = false) {
        self.removesDiacritics = removesDiacritics
        self.splitsLetters = splitsLetters
    }

    public func callAsFunction(_ text: String) -> String {
        var result = ScalarText(text).lowercased.withoutBrackets
        result = (removesDiacritics ? result.withoutSymbolsAndDiacritics() : result.withoutSymbols).lowercased
        if splitsLetters { result = ScalarText(result.text.map(String.init).joined(separator: " ")) }
        return result.withSingleSpaces.text
    }
}
