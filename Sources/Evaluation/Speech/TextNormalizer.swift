public import Tokenizers

/// The way in which texts are made comparable before errors are counted.
public struct TextNormalizer: Sendable {
    public enum Name: String, CaseIterable, Sendable, Codable {
        /// Whisper's for English.
        case english
        /// Whisper's for other languages.
        case basic
        /// Texts as they are.
        case none
    }

    public let name: Name
    private let normalize: @Sendable (String) -> String

    /// - Parameters:
    ///   - name: nil for the one of the language.
    ///   - language: nil where it is not known. Characters count as words where it is written without spaces.
    /// - Throws: as `EnglishTextNormalizer`.
    public init(_ name: Name? = nil, language: WhisperLanguage?) throws {
        self.name = name ?? (language?.code == "en" ? .english : .basic)
        switch self.name {
        case .english:
            let normalizer = try EnglishTextNormalizer()
            normalize = { normalizer($0) }
        case .basic:
            let normalizer = BasicTextNormalizer(splitsLetters: language?.isWrittenWithoutSpaces ?? false)
            normalize = { normalizer($0) }
        case .none: normalize = { $0 }
        }
    }

    public func callAsFunction(_ text: String) -> String { normalize(text) }
}
