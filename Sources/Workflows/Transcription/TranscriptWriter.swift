import Foundation
public import Speech
import TensorStore
import Tokenizers

/// The files of a transcript; each replaces an earlier one when the transcript is complete.
public struct TranscriptWriter {
    private let files: [(format: TranscriptFormat, path: String)]
    private let layout: SubtitleLayout

    /// - Parameters:
    ///   - recording: the path of the recording, whose name the files have; `-` for `transcript`.
    ///   - directory: nil for the recording's own folder.
    ///   - layout: of subtitles.
    /// - Throws: `ImageError.cannotWrite` where the folder can't be made; `FileError` where files can't be written there.
    public init(
        _ formats: [TranscriptFormat], for recording: String, in directory: String? = nil,
        layout: SubtitleLayout = SubtitleLayout()
    ) throws {
        self.layout = layout
        let url = URL(filePath: recording)
        let folder = directory.map { URL(filePath: $0) } ?? url.deletingLastPathComponent()
        if directory != nil, !formats.isEmpty {
            _ = try MadeFolders(path: folder.path)
        }
        let name = recording == "-" ? "transcript" : url.deletingPathExtension().lastPathComponent
        files = formats.map { ($0, folder.appending(path: "\(name).\($0.rawValue)").path) }
        // An hour of work is not lost because its file can't be written.
        for path in paths { _ = try AtomicFile(path: path) }
    }

    /// The paths of the files.
    public var paths: [String] { files.map(\.path) }

    /// Writes the files.
    /// - Returns: their paths.
    /// - Throws: `FileError`.
    public func finish(_ transcript: Transcript) throws -> [String] {
        for file in files {
            let text = file.format.text(transcript.segments, layout) ?? "\(transcript.json)\n"
            let target = try AtomicFile(path: file.path)
            try target.write(Array(text.utf8))
            try target.commit()
        }
        return paths
    }
}

extension Transcript {
    /// OpenAI's form.
    var json: JSONValue {
        .members([
            ("text", .string(text)),
            ("segments", .array(segments.enumerated().map { index, segment in segment.json(index) })),
            ("language", language.map { .string($0.code) }),
        ])
    }
}

extension Segment {
    fileprivate func json(_ index: Int) -> JSONValue {
        .members([
            ("id", .integer(index)), ("start", .double(rounded(start))), ("end", .double(rounded(end))), ("text", .string(text)),
            ("tokens", .array(tokens.map { .integer($0) })), ("temperature", .double(temperature)),
            ("avg_logprob", .double(averageLogProbability)), ("compression_ratio", .double(compressionRatio)),
            ("no_speech_prob", .double(noSpeechProbability)), ("words", words.map { .array($0.map(\.json)) }),
        ])
    }
}

extension Word {
    fileprivate var json: JSONValue {
        .members([
            ("word", .string(text)), ("start", .double(rounded(start))), ("end", .double(rounded(end))),
            ("probability", .double(probability)),
        ])
    }
}

/// To hundredths.
private func rounded(_ seconds: Double) -> Double { (seconds * 100).rounded() / 100 }
