/// An error of transcribing speech.
public enum SpeechError: Error, Equatable, CustomStringConvertible {
    /// A network without an output that decoding needs.
    case missingOutput(String)
    /// A language that Whisper does not know.
    case language(String)
    /// A model for English was asked for another language, or to translate.
    case englishOnly(model: String, asked: String)

    public var description: String {
        switch self {
        case .missingOutput(let name): "The decoder has no output '\(name)'."
        case .language(let text):
            "'\(text)' is not a language that Whisper knows; give a code such as en or de, or an English name such as german."
        case .englishOnly(let model, let asked):
            "\(model) knows English only, and can't do '\(asked)'; give a model for many languages with --model."
        }
    }
}
