public import TensorStore

/// An error in a tokenizer's folder or vocabulary.
public enum TokenizerError: Error, Equatable, Sendable {
    case file(FileError)
    /// A file of another kind than the tokenizer's files have.
    case kind(FileKind, file: String)
    /// The folder has neither tokenizer.json nor both vocab.json and merges.txt; `missing` is what lacks of the latter.
    case noVocabulary(folder: String, missing: [String])
    /// `reason` says where.
    case json(file: String, JSONError)
    /// A JSON value at `path` within the file is of another kind than a tokenizer has there.
    case value(file: String, path: String, expected: String, found: String)
    case notUTF8(file: String)
    /// An option that has no such value here.
    case option(String, expected: String, found: String, file: String)
    case duplicateToken(String, file: String)
    case duplicateID(Int, tokens: [String], file: String)
    /// Ids must be 0, 1, 2 … without holes.
    case idOutOfRange(Int, token: String, count: Int, file: String)
    /// The file gives an added token another id than the vocabulary leads to.
    case addedTokenID(String, expected: Int, found: Int, file: String)
    /// A line of the merges is not two tokens with one space between them. Lines count from 1.
    case malformedMerge(String, file: String, line: Int)
    /// A merge uses or makes `token`, which the vocabulary lacks.
    case unknownMergeToken(String, merge: String, file: String, line: Int)
    /// `role` is the option's name, "bos_token" for instance.
    case missingSpecialToken(String, role: String, file: String)
    /// A file that belongs to this library is damaged or missing.
    case resource(String, reason: String)
}

extension TokenizerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let error): error.description
        case .kind(let kind, let file): "\(file) belongs to no tokenizer: \(kind.explanation)."
        case .noVocabulary(let folder, let missing):
            "\(folder) has no tokenizer: it needs tokenizer.json, or vocab.json and merges.txt "
                + "(missing: \(missing.joined(separator: ", ")))."
        case .json(let file, let error): "\(file): \(error)"
        case .value(let file, let path, let expected, let found):
            "\(file): '\(path)' must be \(expected); it is \(found)."
        case .notUTF8(let file): "\(file) is not UTF-8 text."
        case .option(let name, let expected, let found, let file):
            "\(file): '\(name)' must be \(expected); it is \(found)."
        case .duplicateToken(let token, let file): "\(file): the token '\(token)' appears twice."
        case .duplicateID(let id, let tokens, let file):
            "\(file): the id \(id) belongs to more than one token: \(tokens.map { "'\($0)'" }.joined(separator: ", "))."
        case .idOutOfRange(let id, let token, let count, let file):
            "\(file): the token '\(token)' has the id \(id); \(count) tokens must have the ids 0 to \(count - 1)."
        case .addedTokenID(let token, let expected, let found, let file):
            "\(file): the added token '\(token)' has the id \(found); the vocabulary leads to \(expected)."
        case .malformedMerge(let text, let file, let line):
            "\(file), line \(line): '\(text)' is not a merge; it must be two tokens with one space between them."
        case .unknownMergeToken(let token, let merge, let file, let line):
            "\(file), line \(line): the merge '\(merge)' needs the token '\(token)', which the vocabulary does not have."
        case .missingSpecialToken(let token, let role, let file):
            "\(file): the vocabulary does not have '\(token)', the \(role)."
        case .resource(let name, let reason): "The library's own file \(name) can't be read: \(reason)."
        }
    }
}

extension TokenizerError: OptionFailure {
    public init(_ error: OptionError) {
        let (expected, found) = error.phrases
        self = .option(error.key, expected: expected, found: found, file: error.file ?? "")
    }
}
