import ArgumentParser
import Diffusion
import Foundation
import Imaging

struct PromptBatchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Draw all texts of a file: one a line, or JSON Lines with \"prompt\" and options of the line: "
                + PromptLine.keys.filter { $0 != "prompt" }.joined(separator: ", ")
                + ". What is drawn already is not drawn again.", valueName: "file"))
    var prompts: String?
    @Flag(help: "Draw again what --prompts finds drawn.") var redraw = false

    func validate() throws {
        if redraw, prompts == nil { throw ValidationError("--redraw goes with --prompts.") }
    }
}

/// The texts of a file, drawn line by line: what an earlier run drew is passed over, and a line that fails does not end it.
struct PromptBatch {
    private let lines: [(number: Int, description: GenerationDescription, files: OutputFiles)]
    private let redrawsAll: Bool
    /// The options of lines that say nothing else.
    private let common: GenerationDescription
    private(set) var report = Report()

    struct Report: Encodable {
        var drawn: [String] = []
        var kept: [String] = []
        var failed: [Failure] = []

        struct Failure: Encodable {
            let line: Int
            let error: String
        }

        /// - Throws: `PromptBatchError.failed` where a line was not drawn.
        func check() throws {
            guard !failed.isEmpty else { return }
            throw PromptBatchError.failed(lines: failed.map(\.line))
        }
    }

    /// Reads all of the file, and refuses what can't be drawn before anything is.
    /// - Parameter common: the options of lines that say nothing else. The seed of a line without one is that of `common` plus the
    ///   number of pictures before it, so that a later run names its pictures alike.
    init(_ path: String, _ common: GenerationDescription, output: OutputOptions, redrawsAll: Bool) throws {
        self.redrawsAll = redrawsAll
        try Self.checkFolder(output.output)
        var lines: [(number: Int, description: GenerationDescription, files: OutputFiles)] = []
        var seed = common.request.seed
        var taken: [String: Int] = [:]
        for line in try PromptFile.lines(path) {
            var base = common
            base.request.seed = seed
            // A mask and a strength for all lines are of those that have a picture to begin with.
            if base.request.image == nil, !line.sets("image") { (base.request.mask, base.request.strength) = (nil, nil) }
            let own = line.applied(to: base)
            seed &+= UInt64(own.request.pictureCount)
            let files = try Self.files(line.output, output, own.request)
            for path in files.paths {
                // One file may be spelled in several ways.
                if let other = taken.updateValue(line.number, forKey: URL(filePath: path).standardizedFileURL.path) {
                    throw PromptBatchError.samePath(path, lines: [other, line.number])
                }
            }
            lines.append((line.number, own, files))
        }
        self.lines = lines
        var alone = common
        alone.request.prompts = ["-"]
        if alone.request.image == nil { (alone.request.mask, alone.request.strength) = (nil, nil) }
        self.common = alone
    }

    /// - Parameter name: where the line itself wants its pictures.
    private static func files(_ name: String?, _ output: OutputOptions, _ request: GenerationRequest) throws -> OutputFiles {
        guard let name else { return try OutputFiles(folder: output.output, output, request) }
        var own = output
        own.output = name
        return try OutputFiles(own, request)
    }

    private static func checkFolder(_ output: String?) throws(PromptBatchError) {
        var isFolder: ObjCBool = false
        guard let output, !FileManager.default.fileExists(atPath: output, isDirectory: &isFolder) || !isFolder.boolValue else {
            return
        }
        let isNamedLikeOne = ["png", "jpg", "jpeg"].contains(URL(filePath: output).pathExtension.lowercased())
        if isNamedLikeOne || FileManager.default.fileExists(atPath: output) { throw .notAFolder(output) }
    }

    /// - Parameter tell: given the path of each picture.
    mutating func draw(_ session: DrawingSession, tell: (String) -> Void) async throws {
        var isChecked = false
        for (number, description, files) in lines {
            try Task.checkCancellation()
            if !redrawsAll, files.hold(description) {
                report.kept += files.paths
                continue
            }
            if !isChecked { try session.check(common) }
            isChecked = true
            do {
                let drawing = try await session.draw(description, to: files, stays: true)
                report.drawn += drawing.pictures.map(\.path)
                drawing.pictures.forEach { tell($0.path) }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                report.failed.append(.init(line: number, error: "\(error)"))
                FileHandle.standardError.write(Data("line \(number): \(error)\n".utf8))
            }
        }
        let kept = report.kept.count
        let all = lines.reduce(0) { $0 + $1.description.request.pictureCount }
        if kept > 0 { FileHandle.standardError.write(Data("\(kept) of \(all) were drawn before\n".utf8)) }
    }
}

extension OutputFiles {
    /// Whether all pictures of a description are there.
    fileprivate func hold(_ description: GenerationDescription) -> Bool {
        paths.enumerated().allSatisfy { index, path in
            guard let found = try? GenerationDescription(pictureAt: path) else { return false }
            var asked = description
            asked.request.seed &+= UInt64(index)
            return found.answers(asked)
        }
    }
}

enum PromptBatchError: Error, CustomStringConvertible {
    case notAFolder(String)
    case samePath(String, lines: [Int])
    case failed(lines: [Int])

    var description: String {
        switch self {
        case .notAFolder(let path):
            "--output must be a folder with --prompts, where each picture has its own name; '\(path)' is a file."
        case .samePath(let path, let lines):
            "Lines \(lines.map(String.init).joined(separator: " and ")) would both be written to \(path); "
                + "give them other seeds or outputs."
        case .failed(let lines):
            lines.count == 1
                ? "Line \(lines[0]) was not drawn."
                : "\(lines.count) lines were not drawn: \(lines.map(String.init).joined(separator: ", "))."
        }
    }
}
