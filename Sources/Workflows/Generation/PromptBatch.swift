public import Diffusion
import Foundation
import Imaging
import TensorStore

/// Draws the prompts of a file line by line. Pictures of an earlier run are kept, and a failed line does not end the run.
public struct PromptBatch {
    private let lines: [Line]
    private let redrawsAll: Bool
    /// The default options of all lines.
    private let common: GenerationDescription
    public private(set) var report = Report()

    private struct Line {
        let number: Int
        let description: GenerationDescription
        let files: OutputFiles
    }

    public struct Report: Encodable, Sendable {
        /// Paths of pictures.
        public fileprivate(set) var drawn: [String] = []
        public fileprivate(set) var kept: [String] = []
        public fileprivate(set) var failed: [Failure] = []

        public struct Failure: Encodable, Sendable {
            public let line: Int
            public let error: String
        }

        /// - Throws: `PromptBatchError.failed` where a line failed.
        public func check() throws(PromptBatchError) {
            guard !failed.isEmpty else { return }
            throw .failed(lines: failed.map(\.line))
        }
    }

    public enum Event: Sendable {
        /// The pictures of a line were written.
        case drawn([DrawnPicture])
        case failed(Report.Failure)
        /// A note about the model.
        case note(String)
        /// An event of the current line; `pictures` is its number of pictures.
        case generation(GenerationEvent, pictures: Int)
    }

    /// Reads the whole file, and checks it before any picture is drawn.
    /// - Parameter common: the default options of all lines. The default seed of a line is that of `common` plus the number of
    ///   pictures before it, so that a later run gives the pictures the same names.
    /// - Throws: `PromptFileError`, `FileError`, `PromptBatchError`, `OutputFilesError`.
    public init(
        _ path: String, _ common: GenerationDescription, output: OutputFiles.Options, redrawsAll: Bool = false
    ) throws {
        self.redrawsAll = redrawsAll
        try Self.checkFolder(output.path)
        var lines: [Line] = []
        var seed = common.request.seed
        var taken: [String: Int] = [:]
        for line in try PromptFile.lines(path) {
            var base = common
            base.request.seed = seed
            // A common mask and strength apply only to lines with an initial image.
            if base.request.image == nil, !line.sets("image") { (base.request.mask, base.request.strength) = (nil, nil) }
            let own = line.applied(to: base)
            seed &+= UInt64(own.request.pictureCount)
            let files = try Self.files(line, output, own.request)
            for path in files.paths {
                // A path can have several spellings.
                if let other = taken.updateValue(line.number, forKey: URL(filePath: path).standardizedFileURL.path) {
                    throw PromptBatchError.samePath(path, lines: [other, line.number])
                }
            }
            lines.append(Line(number: line.number, description: own, files: files))
        }
        self.lines = lines
        var alone = common
        alone.request.prompts = ["-"]
        if alone.request.image == nil { (alone.request.mask, alone.request.strength) = (nil, nil) }
        self.common = alone
    }

    /// The number of pictures of all lines.
    public var pictureCount: Int { lines.reduce(0) { $0 + $1.description.request.pictureCount } }

    /// The files of a line; an output that it names is relative to the folder of all.
    private static func files(
        _ line: PromptLine, _ output: OutputFiles.Options, _ request: GenerationRequest
    ) throws -> OutputFiles {
        guard let name = line.output.map({ NSString(string: $0).expandingTildeInPath }) else {
            return try OutputFiles(inNewFolder: output, request)
        }
        // The path's own end says whether it is a folder.
        let end = line.output?.hasSuffix("/") == true && !name.hasSuffix("/") ? "/" : ""
        var own = output
        own.path = (output.path.map { name.hasPrefix("/") ? name : ($0.hasSuffix("/") ? $0 : $0 + "/") + name } ?? name) + end
        do {
            return try OutputFiles(own, request)
        } catch {
            throw PromptBatchError.output(error, line: line.number)
        }
    }

    private static func checkFolder(_ output: String?) throws(PromptBatchError) {
        var isFolder: ObjCBool = false
        guard let output, !FileManager.default.fileExists(atPath: output, isDirectory: &isFolder) || !isFolder.boolValue else {
            return
        }
        let isNamedLikeOne = ImageFormat(fileExtension: URL(filePath: output).pathExtension) != nil && !output.hasSuffix("/")
        if isNamedLikeOne || FileManager.default.fileExists(atPath: output) { throw .notAFolder(output) }
    }

    /// Draws the lines whose pictures do not exist yet.
    /// - Parameter report: called with the events of each line, on the caller's isolation.
    /// - Throws: as `GenerationSession.check`, before any picture is drawn; `CancellationError`; the errors of `tell`.
    public mutating func draw(
        _ session: GenerationSession, previews folder: String? = nil,
        report tell: (Event) throws -> Void
    ) async throws {
        var isChecked = false
        for line in lines {
            try Task.checkCancellation()
            if !redrawsAll, line.files.hold(line.description, session) {
                report.kept += line.files.paths
                continue
            }
            if !isChecked { try session.check(common) }
            isChecked = true
            let drawing: Drawing
            do {
                drawing = try await draw(line, session, previews: folder, tell)
            } catch is CancellationError {
                throw CancellationError()
            } catch let error as ReportError {
                throw error.cause
            } catch {
                let failure = Report.Failure(line: line.number, error: "\(error)".cutForMessage)
                report.failed.append(failure)
                try tell(.failed(failure))
                continue
            }
            report.drawn += drawing.pictures.map(\.path)
            try tell(.drawn(drawing.pictures))
        }
    }
}

/// An error of the caller's report, which is no failure of a line.
private struct ReportError: Error {
    let cause: any Error
}

extension PromptBatch {
    private func draw(
        _ line: Line, _ session: GenerationSession, previews folder: String?, _ tell: (Event) throws -> Void
    ) async throws -> Drawing {
        let count = line.description.request.pictureCount
        func report(_ event: Event) throws(ReportError) {
            do { try tell(event) } catch { throw ReportError(cause: error) }
        }
        var found: [String] = []
        return try await session.draw(line.description, to: line.files, previews: folder) { notes in
            found = notes
        } report: { event in
            for note in found { try report(.note(note)) }
            found = []
            try report(.generation(event, pictures: count))
        }
    }
}

/// An error of a batch that was not drawn, or not completely.
public enum PromptBatchError: Error, Equatable, CustomStringConvertible {
    case notAFolder(String)
    case samePath(String, lines: [Int])
    /// An output of a line that is not written.
    case output(OutputFilesError, line: Int)
    case failed(lines: [Int])

    public var description: String {
        switch self {
        case .notAFolder(let path):
            "The output of several prompts must be a folder; '\(path)' names a file."
        case .samePath(let path, let lines):
            "Lines \(lines.map(String.init).joined(separator: " and ")) would both be written to \(path); "
                + "give them other seeds or outputs."
        case .output(let error, let line): "Line \(line): \(error)"
        case .failed(let lines):
            lines.count == 1
                ? "Line \(lines[0]) was not drawn."
                : "\(lines.count) lines were not drawn: \(lines.map(String.init).joined(separator: ", "))."
        }
    }
}
