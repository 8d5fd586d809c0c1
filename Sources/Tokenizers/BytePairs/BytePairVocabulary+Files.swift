public import Foundation
public import TensorStore

extension BytePairVocabulary {
    /// Reads tokenizer.json where the folder has one, as transformers does, else vocab.json and merges.txt.
    init(_ folder: TokenizerFolder) throws(TokenizerError) {
        if let json = folder.tokenizerJSON {
            try self.init(tokenizerJSON: json, file: folder.path("tokenizer.json"))
            return
        }
        let vocabulary = try folder.json("vocab.json")
        let mergesFile = try folder.file("merges.txt")
        guard let vocabulary, let mergesFile else {
            let missing = (vocabulary == nil ? ["vocab.json"] : []) + (mergesFile == nil ? ["merges.txt"] : [])
            throw .noVocabulary(folder: folder.path, missing: missing)
        }
        let (merges, firstLine) = try Self.merges(mergesFile)
        self.init(
            tokens: try Self.tokens(vocabulary, folder.path("vocab.json"), at: ""), merges: merges,
            tokensFile: folder.path("vocab.json"), mergesFile: mergesFile.path, firstMergeLine: firstLine)
    }

    /// Writes vocab.json and merges.txt into `folder`, which must exist.
    public func write(to folder: URL) throws(FileError) {
        let members = tokens.enumerated().map { "\(JSONValue.string($0.element)): \($0.offset)" }
        try Self.write("{\(members.joined(separator: ", "))}", to: folder.appending(path: "vocab.json"))
        let lines = ["#version: 0.2"] + merges
        try Self.write(lines.joined(separator: "\n") + "\n", to: folder.appending(path: "merges.txt"))
    }

    private static func write(_ text: String, to url: URL) throws(FileError) {
        let file = try AtomicFile(path: url.path)
        try file.write(Array(text.utf8))
        try file.commit()
    }

    // MARK: tokenizer.json

    /// `model.vocab` and `model.merges` of the file. The tokenizers take nothing else from it but the added tokens: they have
    /// their own normalizer, splitting and markers.
    private init(tokenizerJSON json: JSONValue, file: String) throws(TokenizerError) {
        if let kind = json["model"]?["type"], !kind.isNull, kind.string != "BPE" {
            throw .value(file: file, path: "model.type", expected: "\"BPE\"", found: "\(kind)")
        }
        guard let vocabulary = json["model"]?["vocab"] else {
            throw .value(file: file, path: "model.vocab", expected: "there", found: "missing")
        }
        guard let list = json["model"]?["merges"]?.array else {
            throw .value(file: file, path: "model.merges", expected: "a list", found: "missing or another kind of value")
        }
        var merges: [String] = []
        merges.reserveCapacity(list.count)
        for (index, item) in list.enumerated() {
            // "left right" as older files have it, or ["left", "right"].
            let parts = item.array?.compactMap(\.string)
            guard let merge = item.string ?? (parts?.count == 2 ? parts?.joined(separator: " ") : nil) else {
                throw .value(file: file, path: "model.merges[\(index)]", expected: "two tokens", found: "\(item)")
            }
            merges.append(merge)
        }
        self.init(
            tokens: try Self.tokens(vocabulary, file, at: "model.vocab"), merges: merges,
            tokensFile: file, mergesFile: "\(file), model.merges", firstMergeLine: 1)
    }

    // MARK: Parts

    /// The tokens of `{"token": id, …}` in the order of their ids.
    private static func tokens(_ json: JSONValue, _ file: String, at path: String) throws(TokenizerError) -> [String] {
        guard let members = json.object else {
            throw .value(file: file, path: path, expected: "an object of ids by token", found: "another kind of value")
        }
        var tokens = [String?](repeating: nil, count: members.count)
        for (token, value) in zip(members.keys, members.values) {
            guard let id = value.int else { throw .value(file: file, path: token, expected: "an id", found: "\(value)") }
            guard tokens.indices.contains(id) else {
                throw .idOutOfRange(id, token: token, count: members.count, file: file)
            }
            if let other = tokens[id] { throw .duplicateID(id, tokens: [other, token], file: file) }
            tokens[id] = token
        }
        // As many ids as places, none twice: none is left out.
        return tokens.compactMap { $0 }
    }

    /// The lines of a merges.txt, and the first one's number; lines that start with "#version" are no merges.
    private static func merges(_ file: MappedFile) throws(TokenizerError) -> (merges: [String], firstLine: Int) {
        let content = withExtendedLifetime(file) { String(validating: file.bytes, as: UTF8.self) }
        guard let text = content else { throw .notUTF8(file: file.path) }
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        let version = Array("#version".utf8)
        let hasHeader = lines.first?.starts(with: version) == true
        let merges = lines.filter { !$0.starts(with: version) }.map { line in
            String(Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
        }
        return (merges, hasHeader ? 2 : 1)
    }
}
