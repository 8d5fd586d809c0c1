import Foundation
import TensorStore

/// Texts to draw, from a file of one on each line.
public enum PromptFile {
    /// Larger than any list that is drawn.
    private static let sizeLimit = 16 << 20

    /// The file's lines without the blanks around them; empty lines and those that begin with # are passed over.
    /// - Throws: `PromptFileError`; `FileError` where the file can't be read.
    public static func read(_ path: String) throws -> [String] {
        let file = try MappedFile(path: path)
        guard file.byteCount <= sizeLimit else { throw PromptFileError.tooLarge(file: path, byteCount: file.byteCount) }
        var bytes = file.withUnsafeBytes { Array($0) }
        // Editors of some systems begin a file with a mark.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        var prompts: [String] = []
        // By bytes, so that the number of a line that is no text is known; \r\n leaves a blank to trim.
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw PromptFileError.notUTF8(file: path, line: index + 1)
            }
            let prompt = text.trimmingCharacters(in: .whitespacesAndNewlines)
            if !prompt.isEmpty, !prompt.hasPrefix("#") { prompts.append(prompt) }
        }
        guard !prompts.isEmpty else { throw PromptFileError.empty(file: path) }
        return prompts
    }
}

/// Why a file is no list of prompts.
public enum PromptFileError: Error, Equatable, Sendable {
    case empty(file: String)
    /// Lines count from 1.
    case notUTF8(file: String, line: Int)
    case tooLarge(file: String, byteCount: Int)
}

extension PromptFileError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .empty(let file): "\(file) has no prompts; write one on each line (lines that begin with # are passed over)."
        case .notUTF8(let file, let line): "\(file), line \(line), is no UTF-8 text."
        case .tooLarge(let file, let byteCount): "\(file): \(byteCount) bytes are too many for a list of prompts."
        }
    }
}
