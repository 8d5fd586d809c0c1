/// An error of transcribing speech.
public enum SpeechError: Error, Equatable, CustomStringConvertible {
    /// A network without an output that decoding needs.
    case missingOutput(String)
    /// Logits of another shape than the model's config says.
    case logits(String, expected: String)
    /// Times of words were asked of a decoder that does not tell its attention.
    case noAttention
    /// A tokenizer of another model: its timestamps are beyond the model's vocabulary.
    case vocabulary(model: Int, tokenizer: Int)
    /// A model for windows of another length than 30 s.
    case positions(Int, expected: Int)
    /// A draft model with another vocabulary, or of another kind of sound, than the model it writes ahead for.
    case draft(String, found: Int, expected: Int)
    /// Live sound, or a draft model, with the networks of optimum-intel's folders.
    case exported(String)
    /// A language that Whisper does not know.
    case language(String)
    /// A model for English was asked for another language, or to translate.
    case englishOnly(model: String, asked: String)

    public var description: String {
        switch self {
        case .missingOutput(let name): "The decoder has no output '\(name)'."
        case .logits(let found, let expected):
            "The decoder's logits are \(found); by the model's config.json they must be \(expected)."
        case .noAttention:
            "Times of words need the decoder's attention to the sound, which optimum-intel's folders do not give; give the checkpoint "
                + "(safetensors or model.bin) with --model."
        case .vocabulary(let model, let tokenizer):
            "The model's vocabulary has \(model) tokens, and its tokenizer \(tokenizer): they are of different models."
        case .positions(let found, let expected):
            "The model listens to windows of \(found) positions; only those of \(expected), which are 30 s, are supported."
        case .draft(let what, let found, let expected):
            "The draft model's number of \(what) is \(found), and the model's \(expected); a draft must be a smaller model of the "
                + "same family, such as distil-large-v3 for large-v3."
        case .exported(let what):
            "A model as optimum-intel exports it does not do for \(what), where tokens are taken back; give the checkpoint "
                + "(safetensors or model.bin)."
        case .language(let text):
            "'\(text)' is not a language that Whisper knows; give a code such as en or de, or an English name such as german."
        case .englishOnly(let model, let asked):
            "\(model) knows English only, and can't do '\(asked)'; give a model for many languages with --model."
        }
    }
}
