import Foundation
import TensorStore

/// Reads a folder's tokenizer_config.json, special_tokens_map.json, added_tokens.json and the added tokens of
/// tokenizer.json, each of which may be missing, with transformers' precedence: where tokenizer_config.json has
/// `added_tokens_decoder`, the other three are not asked.
struct ConfigurationReader {
    private var configuration = CLIPTokenizerConfiguration()
    private var extraTokens: [AddedToken] = []

    static func read(_ folder: TokenizerFolder) throws(TokenizerError) -> CLIPTokenizerConfiguration {
        var reader = ConfigurationReader()
        let config = try folder.json("tokenizer_config.json")
        let configFile = folder.path("tokenizer_config.json")
        reader.configuration.file = configFile
        if let config { try reader.readOptions(config, configFile) }
        if let decoder = config?["added_tokens_decoder"], !decoder.isNull {
            try reader.readAddedTokens(decoder, configFile)
        } else {
            if let map = try folder.json("special_tokens_map.json") {
                try reader.readTokens(map, folder.path("special_tokens_map.json"), isSpecial: true)
            }
            reader.configuration.extraSpecialTokens = reader.extraTokens
            try reader.readLegacyAddedTokens(folder)
            if let list = folder.tokenizerJSON?["added_tokens"] {
                try reader.readAddedTokenList(list, folder.path("tokenizer.json"))
            }
        }
        reader.configuration.extraSpecialTokens = reader.extraTokens
        reader.replaceNamedTokens()
        return reader.configuration
    }

    // MARK: Options

    private mutating func readOptions(_ config: JSONValue, _ file: String) throws(TokenizerError) {
        try readTokens(config, file, isSpecial: false)
        let reader = OptionReader<TokenizerError>(config, file: file)
        try reader.refuse("padding_side", unless: "right")
        try reader.refuse("truncation_side", unless: "right")
        try reader.refuse("split_special_tokens", unless: false)
        let key = reader.isPresent("model_max_length") ? "model_max_length" : "max_len"
        let length = try reader.value(key, "a number of at least 2") { value in
            value.double.flatMap { $0 >= 2 ? $0 : nil }
        }
        if let length {
            configuration.modelMaxLength = try Self.maxLength(length, reader, key)
        }
    }

    /// The length as a whole number. Savers write 1e30 for no limit: no text encoder takes more than a million tokens.
    private static func maxLength(
        _ number: Double, _ reader: OptionReader<TokenizerError>, _ key: String
    ) throws(TokenizerError) -> Int {
        guard number <= 1_000_000 else { return CLIPTokenizerConfiguration.defaultModelMaxLength }
        guard let length = Int(exactly: number) else { throw reader.mismatch(key, "a whole number") }
        return length
    }

    // MARK: Named tokens

    private mutating func readTokens(_ config: JSONValue, _ file: String, isSpecial: Bool) throws(TokenizerError) {
        guard let members = config.object else {
            throw .value(file: file, path: "", expected: "an object", found: "something else")
        }
        for (key, value) in members {
            switch key {
            case "bos_token": configuration.bosToken = try Self.token(value, key, file, isSpecial)
            case "eos_token": configuration.eosToken = try Self.token(value, key, file, isSpecial)
            case "unk_token": configuration.unkToken = try Self.token(value, key, file, isSpecial)
            case "pad_token": configuration.padToken = try Self.token(value, key, file, isSpecial)
            case "additional_special_tokens", "extra_special_tokens":
                for (index, item) in try Self.list(value, key, file).enumerated() {
                    let token = try Self.token(item, "\(key)[\(index)]", file, isSpecial)
                    if !extraTokens.contains(token) { extraTokens.append(token) }
                }
            // Other roles (sep, cls, mask, or a model's own) are found in the text too, but have no role here.
            case _ where key.hasSuffix("_token") && (value.string != nil || value.object != nil):
                extraTokens.append(try Self.token(value, key, file, isSpecial))
            default: break
            }
        }
    }

    private static func list(_ value: JSONValue, _ key: String, _ file: String) throws(TokenizerError) -> [JSONValue] {
        if value.isNull { return [] }
        if let members = value.object { return members.map(\.value) }
        guard let items = value.array else {
            throw .value(file: file, path: key, expected: "a list of tokens", found: "\(value)")
        }
        return items
    }

    /// A token written as a string, or as an object with its flags.
    private static func token(
        _ value: JSONValue, _ path: String, _ file: String, _ isSpecial: Bool
    ) throws(TokenizerError) -> AddedToken {
        let token: AddedToken
        if let content = value.string {
            token = AddedToken(content)
        } else if let content = value["content"]?.string {
            token = AddedToken(
                content, isSpecial: isSpecial || value["special"]?.bool == true, normalized: value["normalized"]?.bool,
                stripsLeft: value["lstrip"]?.bool == true, stripsRight: value["rstrip"]?.bool == true,
                isSingleWord: value["single_word"]?.bool == true)
        } else {
            throw .value(file: file, path: path, expected: "a token: a string or an object with 'content'", found: "\(value)")
        }
        guard !token.content.isEmpty else { throw .value(file: file, path: path, expected: "not empty", found: "\"\"") }
        return token
    }

    // MARK: Added tokens

    /// `{"49406": {"content": …}, …}`
    private mutating func readAddedTokens(_ decoder: JSONValue, _ file: String) throws(TokenizerError) {
        guard let members = decoder.object else {
            throw .value(file: file, path: "added_tokens_decoder", expected: "an object", found: "\(decoder)")
        }
        for (key, value) in members {
            let path = "added_tokens_decoder.\(key)"
            guard let id = Int(key) else { throw .value(file: file, path: path, expected: "named by an id", found: "'\(key)'") }
            try add(Self.token(value, path, file, false), id, file)
        }
    }

    /// `[{"id": 49406, "content": …}, …]`
    private mutating func readAddedTokenList(_ list: JSONValue, _ file: String) throws(TokenizerError) {
        for (index, item) in try Self.list(list, "added_tokens", file).enumerated() {
            let path = "added_tokens[\(index)]"
            guard let id = item["id"]?.int else {
                throw .value(file: file, path: "\(path).id", expected: "an id", found: "\(item["id"] ?? .null)")
            }
            try add(Self.token(item, path, file, false), id, file)
        }
    }

    /// added_tokens.json of old savers: `{"<token>": id, …}`
    private mutating func readLegacyAddedTokens(_ folder: TokenizerFolder) throws(TokenizerError) {
        let file = folder.path("added_tokens.json")
        guard let json = try folder.json("added_tokens.json") else { return }
        guard let members = json.object else {
            throw .value(file: file, path: "", expected: "an object", found: "something else")
        }
        let special = Set(
            (configuration.namedTokens.map(\.token) + configuration.extraSpecialTokens).map { Array($0.content.utf8) })
        for (content, value) in members {
            guard let id = value.int else { throw .value(file: file, path: content, expected: "an id", found: "\(value)") }
            try add(AddedToken(content, isSpecial: special.contains(Array(content.utf8))), id, file)
        }
    }

    private mutating func add(_ token: AddedToken, _ id: Int, _ file: String) throws(TokenizerError) {
        if let other = configuration.addedTokens[id], other.content.utf8.elementsEqual(token.content.utf8) == false {
            throw .duplicateID(id, tokens: [other.content, token.content], file: file)
        }
        configuration.addedTokens[id] = token
    }

    /// A named token that is among the added ones takes their flags.
    private mutating func replaceNamedTokens() {
        func replaced(_ token: AddedToken) -> AddedToken {
            configuration.addedTokens.values.first { $0.content.utf8.elementsEqual(token.content.utf8) } ?? token
        }
        configuration.bosToken = replaced(configuration.bosToken)
        configuration.eosToken = replaced(configuration.eosToken)
        configuration.unkToken = replaced(configuration.unkToken)
        configuration.padToken = replaced(configuration.padToken)
    }
}

/// The files of a tokenizer's folder, tokenizer.json parsed once.
struct TokenizerFolder {
    private let url: URL
    /// nil if the folder has none.
    let tokenizerJSON: JSONValue?

    init(_ url: URL) throws(TokenizerError) {
        self.url = url
        tokenizerJSON = try Self.json(url.appending(path: "tokenizer.json").path)
    }

    var path: String { url.path }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// nil if the file does not exist.
    func file(_ name: String) throws(TokenizerError) -> MappedFile? { try Self.file(path(name)) }

    /// nil if the file does not exist.
    func json(_ name: String) throws(TokenizerError) -> JSONValue? { try Self.json(path(name)) }

    private static func file(_ path: String) throws(TokenizerError) -> MappedFile? {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            if case .missing = error { return nil }
            throw .file(error)
        }
        let kind = FileKind(file)
        guard !kind.isPlaceholder || kind == .empty else { throw .kind(kind, file: path) }
        return file
    }

    private static func json(_ path: String) throws(TokenizerError) -> JSONValue? {
        guard let file = try file(path) else { return nil }
        do {
            return try withExtendedLifetime(file) { () throws(JSONError) in try JSONValue(parsing: file.bytes) }
        } catch {
            let kind = FileKind(file)
            throw kind == .json ? .json(file: path, error) : .kind(kind, file: path)
        }
    }
}

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
