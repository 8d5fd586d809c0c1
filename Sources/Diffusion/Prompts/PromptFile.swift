import Foundation
import TensorStore

/// Reads files of one prompt a line: plain text, or JSON Lines with options.
public enum PromptFile {
    /// The largest file, in bytes.
    private static let sizeLimit = 16 << 20
    private static let jsonSuffixes = [".jsonl", ".ndjson", ".json"]

    /// The file's lines, trimmed; empty lines and lines that begin with # are skipped.
    ///
    /// The lines are JSON if the file's name ends in `.jsonl`, `.ndjson` or `.json`, or if the first line begins like an object,
    /// with a brace and a quotation mark. `PromptLine.keys` lists their keys.
    /// - Throws: `PromptFileError` with all errors of the file; `FileError` where it can't be read.
    public static func lines(_ path: String) throws -> [PromptLine] {
        let file = try MappedFile(path: path)
        guard file.byteCount <= sizeLimit else { throw PromptFileError.tooLarge(file: path, byteCount: file.byteCount) }
        let isJSON = jsonSuffixes.contains { path.lowercased().hasSuffix($0) }
        return try lines(file.withUnsafeBytes { Array($0) }, file: path, isJSON: isJSON)
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
