public import TensorStore

/// An error of a list of recordings.
public enum SpeechManifestError: Error, Equatable, Sendable {
    case empty(file: String)
    /// A file whose name and beginning tell none of the forms.
    case unknownForm(file: String)
    /// A file that stands in the place of the list.
    case kind(FileKind, file: String)
    case tooLarge(file: String, byteCount: Int)
    /// A folder without LibriSpeech's lists.
    case noTranscripts(folder: String)
    /// All wrong lines, in order.
    case lines([SpeechManifestLineError])
}

/// An error in a line of a list of recordings.
public struct SpeechManifestLineError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        case notUTF8
        case json(JSONError)
        /// `found` is an array, a number …
        case notAnObject(found: String)
        case missingMember(String, found: [String])
        case notText(String, found: String)
        case missingColumn(String, found: [String])
        case columnCount(expected: Int, found: Int)
        /// A line without the name of its recording.
        case noRecording
        case missingRecording(path: String)
        /// A recording that an earlier line gives another text.
        case otherText(audio: String, line: Int)
    }

    public let file: String
    /// From 1.
    public let line: Int
    /// In bytes, from 1; nil where the whole line is meant.
    public let column: Int?
    public let reason: Reason
}

extension SpeechManifestError: CustomStringConvertible {
    /// The largest number of lines in a message.
    private static let shownCount = 10

    static let forms = """
        JSON Lines with "audio" and "text" (.jsonl), Common Voice's .tsv, LibriSpeech's .trans.txt, or a folder that holds such files
        """

    public var description: String {
        switch self {
        case .empty(let file): "\(file) lists no recordings; expected \(Self.forms)."
        case .unknownForm(let file): "\(file) is no list of recordings of a known form; expected \(Self.forms)."
        case .kind(let kind, let file): "\(file) is not a list of recordings: \(kind.explanation)."
        case .tooLarge(let file, let byteCount): "\(file): \(byteCount) bytes are too many for a list of recordings."
        case .noTranscripts(let folder):
            "The folder \(folder) holds no file that ends in \(SpeechManifest.transcriptSuffix); expected \(Self.forms)."
        case .lines(let errors):
            errors.prefix(Self.shownCount).map(\.description).joined(separator: "\n")
                + (errors.count > Self.shownCount ? "\n… and \(errors.count - Self.shownCount) more lines." : "")
        }
    }
}

extension SpeechManifestLineError: CustomStringConvertible {
    public var description: String {
        let place = "\(file), line \(line)" + (column.map { ", column \($0)" } ?? "")
        return switch reason {
        case .notUTF8: "\(place): the line is not UTF-8 text."
        case .json(let error): "\(place): \(error)"
        case .notAnObject(let found):
            "\(place): the line is \(found); expected an object like {\"audio\": \"a.wav\", \"text\": \"what is said\"}."
        case .missingMember(let key, let found): "\(place): there is no \"\(key)\"; the object has \(Self.list(found))."
        case .notText(let key, let found): "\(place): \"\(key)\" must be text, not \(found)."
        case .missingColumn(let name, let found):
            "\(place): the first line must name the column '\(name)'; it names \(Self.list(found))."
        case .columnCount(let expected, let found):
            "\(place): \(found) columns, where the first line has \(expected); tabs separate them."
        case .noRecording: "\(place): the recording's name is empty."
        case .missingRecording(let path): "\(place): there is no recording \(path)."
        case .otherText(let audio, let line): "\(place): \(audio) has another text in line \(line); remove one of the two."
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.prefix(20).map { $0.debugDescription }.joined(separator: ", ")
    }
}
