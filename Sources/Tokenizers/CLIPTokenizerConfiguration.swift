/// The options of a CLIP tokenizer besides its vocabulary, with names and defaults of transformers' `CLIPTokenizer`.
public struct CLIPTokenizerConfiguration: Sendable, Equatable {
    /// The length of OpenAI's text encoders, taken where a folder gives none.
    public static let defaultModelMaxLength = 77

    /// Begins every encoding.
    public var bosToken = AddedToken("<|startoftext|>")
    /// Ends every encoding.
    public var eosToken = AddedToken("<|endoftext|>")
    /// Stands for a byte that the vocabulary has no token for.
    public var unkToken = AddedToken("<|endoftext|>")
    /// Fills an encoding up to its length; SD 2 and SDXL's second tokenizer have "!".
    public var padToken = AddedToken("<|endoftext|>")
    /// Further tokens to find in the text.
    public var extraSpecialTokens: [AddedToken] = []
    /// Added tokens by the ids that they must have; they come before all others.
    public var addedTokens: [Int: AddedToken] = [:]
    /// Tokens the text encoder takes, begin and end included; at least 2.
    public var modelMaxLength = defaultModelMaxLength
    /// The source of these options in errors.
    var file = "the tokenizer's configuration"

    public init() {}

    /// The named tokens by the options' names, in the order in which the reference adds them.
    var namedTokens: [(role: String, token: AddedToken)] {
        [("bos_token", bosToken), ("eos_token", eosToken), ("unk_token", unkToken), ("pad_token", padToken)]
    }

    /// All tokens to be found in the text; of several with one content the last one's flags hold.
    ///
    /// A content that `addedTokens` has is not added again, and neither is a token equal to one before it; this is the order
    /// of transformers' `TokenizersBackend.__init__`, and decides whether "<|EndOfText|>" is found in a prompt.
    var tokensToAdd: [AddedToken] {
        var tokens = addedTokens.sorted { $0.key < $1.key }.map(\.value)
        let contents = Set(tokens.map { Array($0.content.utf8) })
        for token in namedTokens.map(\.token) + extraSpecialTokens
        where !contents.contains(Array(token.content.utf8)) && !tokens.contains(token) {
            tokens.append(token)
        }
        let named = Set(namedTokens.map { Array($0.token.content.utf8) })
        for index in tokens.indices where named.contains(Array(tokens[index].content.utf8)) {
            tokens[index].isSpecial = true
        }
        return tokens
    }
}
