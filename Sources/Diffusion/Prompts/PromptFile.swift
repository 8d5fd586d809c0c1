import Foundation
public import TensorStore

/// Reads files of one prompt a line: plain text, or JSON Lines with options.
public enum PromptFile {
    /// The largest file, in bytes.
    private static let sizeLimit = 16 << 20
    private static let jsonSuffixes = [".jsonl", ".ndjson", ".json"]

    /// The file's lines, trimmed; empty lines and lines that begin with # are skipped.
    ///
    /// The lines are JSON if the file's name ends in `.jsonl`, `.ndjson` or `.json`, or if the first line begins like an object,
    /// with a brace and a quotation mark. `PromptLine.keys` lists their keys.
    /// - Parameter path: the file; `-` for standard input.
    /// - Throws: `PromptFileError` with all errors of the file; `FileError` where it can't be read.
    public static func lines(_ path: String) throws -> [PromptLine] {
        guard path != "-" else { return try lines(standardInput(), file: standardInputName, isJSON: false) }
        let file = try MappedFile(path: path)
        guard file.byteCount <= sizeLimit else { throw PromptFileError.tooLarge(file: path, byteCount: file.byteCount) }
        let kind = FileKind(file)
        guard !kind.isPlaceholder || kind == .empty else { throw PromptFileError.kind(kind, file: path) }
        let isJSON = jsonSuffixes.contains { path.lowercased().hasSuffix($0) }
        return try lines(file.withUnsafeBytes { Array($0) }, file: path, isJSON: isJSON)
    }

    private static let standardInputName = "standard input"

    /// All of standard input.
    private static func standardInput() throws -> [UInt8] {
        var content = Data()
        while content.count <= sizeLimit {
            guard let block = try FileHandle.standardInput.read(upToCount: 1 << 16), !block.isEmpty else { return Array(content) }
            content += block
        }
        throw PromptFileError.tooLarge(file: standardInputName, byteCount: content.count)
    }

    /// The prompts alone (see `lines`).
    public static func read(_ path: String) throws -> [String] { try lines(path).map(\.prompt) }

    /// - Parameter isJSON: false to decide by the first line.
    static func lines(_ bytes: [UInt8], file: String, isJSON: Bool) throws(PromptFileError) -> [PromptLine] {
        var isJSON: Bool? = isJSON ? true : nil
        var bytes = bytes[...]
        // Some editors begin a file with a byte order mark.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        var lines: [PromptLine] = []
        var errors: [PromptLineError] = []
        // Split as bytes, so that errors in a line that is not UTF-8 have its number; trimming removes the \r of \r\n.
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard let text = String(validating: line, as: UTF8.self) else {
                errors.append(PromptLineError(line: index + 1, reason: .notUTF8))
                continue
            }
            let content = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !content.isEmpty, !content.hasPrefix("#") else { continue }
            let readsJSON = isJSON ?? beginsObject(content)
            isJSON = readsJSON
            if !readsJSON {
                lines.append(PromptLine(number: index + 1, prompt: content))
            } else if let json = object(content, line: index + 1, errors: &errors) {
                lines.append(PromptLine(number: index + 1, json: json, errors: &errors))
            }
        }
        guard errors.isEmpty else { throw .lines(errors, file: file) }
        guard !lines.isEmpty else { throw .empty(file: file) }
        return lines
    }

    private static func object(_ text: String, line: Int, errors: inout [PromptLineError]) -> JSONObject? {
        do throws(JSONError) {
            let json = try JSONValue(parsing: text.utf8)
            if let object = json.object { return object }
            errors.append(PromptLineError(line: line, reason: .notAnObject(found: json.array == nil ? "\(json)" : "an array")))
        } catch {
            errors.append(PromptLineError(line: line, reason: .json(error)))
        }
        return nil
    }

    private static func beginsObject(_ text: String) -> Bool {
        text.first == "{" && text.dropFirst().first { !$0.isWhitespace } == "\""
    }
}

/// A line of a prompt file: a prompt, and the options of this line alone.
public struct PromptLine: Sendable, Equatable {
    /// The line's number in the file, from 1.
    public let number: Int
    public let prompt: String
    /// The path of the output file; nil where the line names none.
    public let output: String?
    /// The options of a `GenerationDescription`, in the order of the line.
    private let options: JSONObject

    /// A line of plain text.
    init(number: Int, prompt: String) {
        self.number = number
        self.prompt = prompt
        output = nil
        options = JSONObject()
    }

    /// A line of JSON: an object with `prompt` and any of the other `keys`; null counts as absent.
    /// - Parameter errors: receives all errors; the line is valid only if there are none.
    init(number: Int, json: JSONObject, errors: inout [PromptLineError]) {
        var reader = RequestOptionReader(json, known: Self.keys)
        var description = GenerationDescription()
        reader.read(GenerationRequest.options, into: &description.request)
        reader.read(ModelDescription.options, into: &description.model)
        var output: String?
        reader.read([DescribedOption("output", \.self, .text)], into: &output)
        if !reader.contains("prompt") { errors.append(PromptLineError(line: number, reason: .noPrompt)) }
        reader.refuseUnknownKeys()
        errors += reader.errors.map { PromptLineError(line: number, reason: .option($0)) }
        self.number = number
        prompt = description.request.prompts.first ?? ""
        self.output = output
        options = json
    }

    /// The keys of a line of JSON: all options of a `GenerationDescription` that can differ between pictures, and `output`.
    public static let keys =
        GenerationDescription.keys.filter { !["prompts", "batch_size", "preview_interval", "files"].contains($0) } + ["output"]

    /// Whether the line itself sets the option at `key`.
    public func sets(_ key: String) -> Bool { options[key]?.isNull == false }

    /// `common` with its prompt and options replaced by the line's.
    public func applied(to common: GenerationDescription) -> GenerationDescription {
        var description = common
        description.request.prompts = [prompt]
        // The options were read once when the file was read, and have no errors.
        _ = description.set(options.filter { $0.key != "output" })
        return description
    }
}

/// An error in a prompt file.
public enum PromptFileError: Error, Equatable, Sendable {
    case empty(file: String)
    /// A file that stands in the place of the list.
    case kind(FileKind, file: String)
    case tooLarge(file: String, byteCount: Int)
    /// All invalid lines, in order.
    case lines([PromptLineError], file: String)
}

/// An error in a line of a prompt file.
public struct PromptLineError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        case notUTF8
        case json(JSONError)
        /// `found` is an array, a number …
        case notAnObject(found: String)
        case noPrompt
        case option(OptionError)
    }

    /// The line's number, from 1.
    public let line: Int
    public let reason: Reason
}

extension PromptFileError: CustomStringConvertible {
    /// The largest number of lines in a message.
    private static let shownCount = 20

    public var description: String {
        switch self {
        case .empty(let file): "\(file) has no prompts; write one on each line (lines that begin with # are passed over)."
        case .kind(let kind, let file): "\(file) is not a list of prompts: \(kind.explanation)."
        case .tooLarge(let file, let byteCount): "\(file): \(byteCount) bytes are too many for a list of prompts."
        case .lines(let errors, let file):
            errors.prefix(Self.shownCount).map { "\(file), \($0)" }.joined(separator: "\n")
                + (errors.count > Self.shownCount ? "\n\(file): \(errors.count - Self.shownCount) more." : "")
        }
    }
}

extension PromptLineError: CustomStringConvertible {
    public var description: String {
        switch reason {
        case .notUTF8: "line \(line), is not UTF-8 text."
        case .json(let error): "line \(line): \(error)"
        case .notAnObject(let found):
            "line \(line), is \(found); each line must be one JSON object, like {\"prompt\": \"a cat\"}."
        case .noPrompt: "line \(line): there is no \"prompt\"; say what to draw."
        case .option(let error): "line \(line): \(error)"
        }
    }
}
