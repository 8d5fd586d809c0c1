import CZlib
public import Foundation
public import TensorStore

/// Tokens and merges of a byte-level byte-pair encoding, as vocab.json and merges.txt hold them.
public struct BytePairVocabulary: Sendable, Equatable {
    /// The tokens by id. Bytes are written as in GPT-2's vocabulary (see `ByteAlphabet`); some vocabularies mark ends of words
    /// with a suffix, as CLIP's with "</w>".
    public let tokens: [String]
    /// Pairs "left right" in the order of their ranks: the first is merged first.
    public let merges: [String]
    /// The names of the sources in errors.
    let tokensFile: String
    let mergesFile: String
    /// The line of the first merge.
    let firstMergeLine: Int

    public init(tokens: [String], merges: [String]) {
        self.init(
            tokens: tokens, merges: merges, tokensFile: "the vocabulary", mergesFile: "the merges", firstMergeLine: 1)
    }

    init(tokens: [String], merges: [String], tokensFile: String, mergesFile: String, firstMergeLine: Int) {
        self.tokens = tokens
        self.merges = merges
        self.tokensFile = tokensFile
        self.mergesFile = mergesFile
        self.firstMergeLine = firstMergeLine
    }

    /// Tokens and merges given as bytes, not as the characters that stand for them in vocab.json.
    /// - Parameter file: the source's name in errors.
    public init(bytes tokens: [[UInt8]], merges: [(left: [UInt8], right: [UInt8])], file: String) {
        func text(_ bytes: [UInt8]) -> String {
            var text = String.UnicodeScalarView()
            for byte in bytes { text.append(ByteAlphabet.scalars[Int(byte)]) }
            return String(text)
        }
        self.init(
            tokens: tokens.map(text), merges: merges.map { "\(text($0.left)) \(text($0.right))" }, tokensFile: file,
            mergesFile: "the merges in \(file)", firstMergeLine: 1)
    }

    public static func == (a: BytePairVocabulary, b: BytePairVocabulary) -> Bool {
        a.tokens.elementsEqual(b.tokens) { $0.utf8.elementsEqual($1.utf8) }
            && a.merges.elementsEqual(b.merges) { $0.utf8.elementsEqual($1.utf8) }
    }
}

extension BytePairVocabulary {
    /// OpenAI's vocabulary of 49,408 tokens, which nearly all CLIP text encoders use.
    ///
    /// It comes with the library (see Resources/clip-merges.LICENSE.txt) and is unpacked at each call, in a few milliseconds.
    /// - Throws: `.resource` where the library's file is damaged or missing.
    public static func clip() throws(TokenizerError) -> BytePairVocabulary {
        let name = "clip-merges.txt.gz"
        guard let url = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Resources") else {
            throw .resource(name, reason: "it is not among the library's resources")
        }
        let text: [UInt8]
        do {
            let file = try MappedFile(path: url.path)
            text = try withExtendedLifetime(file) { try Gzip.unpacked(file.bytes) }
        } catch {
            throw .resource(name, reason: "\(error)")
        }
        let merges = text.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        guard merges.count == 48_894 else { throw .resource(name, reason: "it has \(merges.count) merges") }
        return BytePairVocabulary(clipMerges: merges)
    }

    /// The vocabulary that merges make in CLIP's order: bytes, bytes that end a word, results of the merges, two markers.
    init(clipMerges merges: [String]) {
        let bytes = ByteAlphabet.listed.map { String(ByteAlphabet.scalars[Int($0)]) }
        self.init(
            tokens: bytes + bytes.map { "\($0)</w>" } + merges.map { $0.filter { $0 != " " } }
                + ["<|startoftext|>", "<|endoftext|>"],
            merges: merges)
    }
}

/// An error in a gzip file.
struct GzipError: Error, CustomStringConvertible {
    let description: String
}

/// The gzip format (RFC 1952), by zlib.
enum Gzip {
    /// The content of a file of one member.
    static func unpacked(_ bytes: UnsafeRawBufferPointer) throws(GzipError) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window, and 16 to ask for gzip's header and check.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw GzipError(description: "zlib refuses to start")
        }
        defer { inflateEnd(&stream) }
        guard let count = UInt32(exactly: bytes.count) else { throw GzipError(description: "the file is too large") }
        // zlib does not write to its input.
        stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = count

        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var status = Z_OK
        while status == Z_OK {
            let size = chunk.count
            let produced = chunk.withUnsafeMutableBufferPointer { chunk in
                stream.next_out = chunk.baseAddress
                stream.avail_out = UInt32(size)
                status = inflate(&stream, Z_NO_FLUSH)
                return size - Int(stream.avail_out)
            }
            content.append(contentsOf: chunk[..<produced])
        }
        guard status == Z_STREAM_END else { throw GzipError(description: "the file is damaged (zlib's status \(status))") }
        return content
    }
}

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

    /// The lines of a merges.txt, and the first one's number; lines that start with "#version" are not merges.
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
