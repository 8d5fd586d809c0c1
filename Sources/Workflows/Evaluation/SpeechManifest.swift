import Foundation
import TensorStore

/// A list of recordings with the words that are said in them, in one of the forms in which sets for speech recognition come.
///
/// - JSON Lines: an object a line, with `audio` and `text`; others of its members are passed over.
/// - Common Voice's `.tsv`: columns `path` and `sentence` among others; recordings in `clips/` beside it.
/// - LibriSpeech's `.trans.txt`: `ID TEXT` a line, with `ID.flac` beside it, or a folder that holds such files at any depth.
///
/// Paths of recordings are relative to the folder of the list.
public struct SpeechManifest: Sendable {
    public struct Sample: Sendable, Equatable {
        /// The recording as the list names it; from the folder that was given where lists lie in it.
        public let audio: String
        public let path: String
        /// May be empty: nothing is said.
        public let text: String
        /// The list's line, from 1.
        public let line: Int
    }

    public private(set) var samples: [Sample] = []
    /// Facts that a reader of the results should know, such as recordings that are listed twice.
    public private(set) var notes: [String] = []

    private static let byteLimit = 1 << 30
    static let transcriptSuffix = ".trans.txt"

    /// - Parameters:
    ///   - path: a list, or a folder of LibriSpeech's.
    ///   - limit: the number of samples from the beginning; what comes after them is not read. nil for all.
    /// - Throws: `SpeechManifestError` with all errors of the list; `FileError` where it can't be read.
    public init(path: String, limit: Int? = nil) throws {
        var isFolder: ObjCBool = false
        var collected = SpeechManifestLines(limit: limit)
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            let lists = Self.transcripts(in: path)
            guard !lists.isEmpty else { throw SpeechManifestError.noTranscripts(folder: path) }
            for list in lists where !collected.isFull {
                collected.readLibriSpeech(try Self.content("\(path)/\(list)"), list: "\(path)/\(list)", root: path)
            }
        } else {
            let content = try Self.content(path)
            let name = path.lowercased()
            if name.hasSuffix(".tsv") {
                collected.readCommonVoice(content, list: path)
            } else if name.hasSuffix(Self.transcriptSuffix) {
                collected.readLibriSpeech(content, list: path, root: nil)
            } else if [".jsonl", ".ndjson", ".json"].contains(where: name.hasSuffix) || content.first == UInt8(ascii: "{") {
                collected.readJSONLines(content, list: path)
            } else {
                throw SpeechManifestError.unknownForm(file: path)
            }
        }
        guard collected.errors.isEmpty else { throw SpeechManifestError.lines(collected.errors) }
        guard !collected.samples.isEmpty else { throw SpeechManifestError.empty(file: path) }
        samples = collected.samples
        notes = collected.notes
    }

    /// The list's bytes, without the mark that some editors begin a file with.
    private static func content(_ path: String) throws -> [UInt8] {
        let file = try MappedFile(path: path)
        guard file.byteCount <= byteLimit else { throw SpeechManifestError.tooLarge(file: path, byteCount: file.byteCount) }
        let kind = FileKind(file)
        guard !kind.isPlaceholder || kind == .empty else { throw SpeechManifestError.kind(kind, file: path) }
        let bytes = file.withUnsafeBytes { Array($0) }
        return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }

    /// Paths from the folder, sorted.
    private static func transcripts(in folder: String) -> [String] {
        guard let files = FileManager.default.enumerator(atPath: folder) else { return [] }
        return files.compactMap { $0 as? String }.filter { $0.hasSuffix(transcriptSuffix) }.sorted()
    }
}
