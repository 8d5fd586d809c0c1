public import TensorStore

/// An error in a prompt file.
public enum PromptFileError: Error, Equatable, Sendable {
    case empty(file: String)
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
        case option(RequestOptionError)
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
