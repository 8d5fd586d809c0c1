/// A language that Whisper was trained on; OpenAI's `LANGUAGES` and `TO_LANGUAGE_CODE`.
public struct WhisperLanguage: Sendable, Hashable {
    /// Mostly ISO 639-1: `en`, `zh`, `yue`.
    public let code: String
    /// In English, lowercased: `haitian creole`.
    public let name: String

    /// - Parameter text: a code, a name or another name of a language (`flemish`), in any case.
    /// - Returns: nil for a language that Whisper does not know.
    public init?(_ text: String) {
        let text = text.lowercased()
        let code = Self.codes[text] ?? text
        guard let language = Self.all.first(where: { $0.code == code }) else { return nil }
        self = language
    }

    private init(code: String, name: String) {
        self.code = code
        self.name = name
    }

    /// In the order of their tokens. Cantonese, the last one, came with large-v3; models before it have the 99 others.
    public static let all = table.map { WhisperLanguage(code: $0.code, name: $0.name) }

    /// Whether words are not separated by spaces, so that its text is split at characters.
    public var isWrittenWithoutSpaces: Bool { ["zh", "ja", "th", "lo", "my", "yue"].contains(code) }

    private static let codes: [String: String] = aliases.merging(table.map { ($0.name, $0.code) }) { _, name in name }

    private static let table: [(code: String, name: String)] = [
        ("en", "english"), ("zh", "chinese"), ("de", "german"), ("es", "spanish"), ("ru", "russian"), ("ko", "korean"),
        ("fr", "french"), ("ja", "japanese"), ("pt", "portuguese"), ("tr", "turkish"), ("pl", "polish"),
        ("ca", "catalan"), ("nl", "dutch"), ("ar", "arabic"), ("sv", "swedish"), ("it", "italian"),
        ("id", "indonesian"), ("hi", "hindi"), ("fi", "finnish"), ("vi", "vietnamese"), ("he", "hebrew"),
        ("uk", "ukrainian"), ("el", "greek"), ("ms", "malay"), ("cs", "czech"), ("ro", "romanian"), ("da", "danish"),
        ("hu", "hungarian"), ("ta", "tamil"), ("no", "norwegian"), ("th", "thai"), ("ur", "urdu"), ("hr", "croatian"),
        ("bg", "bulgarian"), ("lt", "lithuanian"), ("la", "latin"), ("mi", "maori"), ("ml", "malayalam"),
        ("cy", "welsh"), ("sk", "slovak"), ("te", "telugu"), ("fa", "persian"), ("lv", "latvian"), ("bn", "bengali"),
        ("sr", "serbian"), ("az", "azerbaijani"), ("sl", "slovenian"), ("kn", "kannada"), ("et", "estonian"),
        ("mk", "macedonian"), ("br", "breton"), ("eu", "basque"), ("is", "icelandic"), ("hy", "armenian"),
        ("ne", "nepali"), ("mn", "mongolian"), ("bs", "bosnian"), ("kk", "kazakh"), ("sq", "albanian"),
        ("sw", "swahili"), ("gl", "galician"), ("mr", "marathi"), ("pa", "punjabi"), ("si", "sinhala"),
        ("km", "khmer"), ("sn", "shona"), ("yo", "yoruba"), ("so", "somali"), ("af", "afrikaans"), ("oc", "occitan"),
        ("ka", "georgian"), ("be", "belarusian"), ("tg", "tajik"), ("sd", "sindhi"), ("gu", "gujarati"),
        ("am", "amharic"), ("yi", "yiddish"), ("lo", "lao"), ("uz", "uzbek"), ("fo", "faroese"),
        ("ht", "haitian creole"), ("ps", "pashto"), ("tk", "turkmen"), ("nn", "nynorsk"), ("mt", "maltese"),
        ("sa", "sanskrit"), ("lb", "luxembourgish"), ("my", "myanmar"), ("bo", "tibetan"), ("tl", "tagalog"),
        ("mg", "malagasy"), ("as", "assamese"), ("tt", "tatar"), ("haw", "hawaiian"), ("ln", "lingala"),
        ("ha", "hausa"), ("ba", "bashkir"), ("jw", "javanese"), ("su", "sundanese"), ("yue", "cantonese"),
    ]

    private static let aliases: [String: String] = [
        "burmese": "my", "valencian": "ca", "flemish": "nl", "haitian": "ht", "letzeburgesch": "lb", "pushto": "ps",
        "panjabi": "pa", "moldavian": "ro", "moldovan": "ro", "sinhalese": "si", "castilian": "es", "mandarin": "zh",
    ]
}

extension WhisperLanguage: CustomStringConvertible {
    public var description: String { code }
}
