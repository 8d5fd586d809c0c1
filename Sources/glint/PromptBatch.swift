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
    private let lines: [(number: Int, recipe: Recipe, count: Int, files: OutputFiles)]
    private let redrawsAll: Bool
    /// What holds for all lines.
    private let common: Recipe
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
    /// - Parameter recipe: what holds for lines that say nothing else. Line i without a seed has the recipe's and i more, counted
    ///   from 0 and by pictures, so that a later run names its pictures alike.
    init(_ path: String, recipe: Recipe, count: Int, output: OutputOptions, redrawsAll: Bool) throws {
        self.redrawsAll = redrawsAll
        try Self.checkFolder(output.output)
        var lines: [(number: Int, recipe: Recipe, count: Int, files: OutputFiles)] = []
        var seed = recipe.seed
        var taken: [String: Int] = [:]
        for line in try PromptFile.lines(path) {
            var own = recipe
            own.seed = seed
            own.apply(line)
            let pictures = line.count ?? count
            seed &+= UInt64(pictures)
            let files = try Self.files(line.output, output, own, pictures)
            for path in files.paths {
                // One file may be spelled in several ways.
                if let other = taken.updateValue(line.number, forKey: URL(filePath: path).standardizedFileURL.path) {
                    throw PromptBatchError.samePath(path, lines: [other, line.number])
                }
            }
            lines.append((line.number, own, pictures, files))
        }
        self.lines = lines
        var common = recipe
        if recipe.image == nil { (common.mask, common.strength) = (nil, nil) }
        self.common = common
    }

    /// - Parameter name: where the line itself wants its pictures.
    private static func files(_ name: String?, _ output: OutputOptions, _ recipe: Recipe, _ count: Int) throws -> OutputFiles {
        guard let name else { return try OutputFiles(folder: output.output, output, recipe: recipe, count: count) }
        var own = output
        own.output = name
        return try OutputFiles(own, recipe: recipe, count: count)
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
        for (number, recipe, count, files) in lines {
            try Task.checkCancellation()
            if !redrawsAll, files.hold(recipe) {
                report.kept += files.paths
                continue
            }
            if !isChecked { try session.check(common) }
            isChecked = true
            do {
                let drawing = try await session.draw(recipe, count: count, to: files, stays: true)
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
        let all = lines.reduce(0) { $0 + $1.count }
        if kept > 0 { FileHandle.standardError.write(Data("\(kept) of \(all) were drawn before\n".utf8)) }
    }
}

extension Recipe {
    fileprivate mutating func apply(_ line: PromptLine) {
        prompt = line.prompt
        negativePrompt = line.negativePrompt ?? negativePrompt
        seed = line.seed ?? seed
        steps = line.steps ?? steps
        guidanceScale = line.guidanceScale ?? guidanceScale
        width = line.width ?? width
        height = line.height ?? height
        strength = line.strength ?? strength
        image = line.image ?? image
        mask = line.mask ?? mask
        scheduler = line.scheduler ?? scheduler
        loras = line.lora ?? loras
        clipSkip = line.clipSkip ?? clipSkip
        // The command's are for lines that have a picture to begin with; a line's own need one.
        if image == nil { (mask, strength) = (line.mask, line.strength) }
    }

    /// Whether a picture with this recipe in its file is what `asked` would draw: all that `asked` names is the same.
    fileprivate func answers(_ asked: Recipe) -> Bool {
        var own = self
        // What was left to the model stands in a picture's file as it was then.
        if asked.width == nil { own.width = nil }
        if asked.height == nil { own.height = nil }
        if asked.steps == nil { own.steps = nil }
        if asked.guidanceScale == nil { own.guidanceScale = nil }
        if asked.strength == nil { own.strength = nil }
        return own == asked
    }
}

extension OutputFiles {
    /// Whether all of a recipe's pictures are there.
    fileprivate func hold(_ recipe: Recipe) -> Bool {
        paths.enumerated().allSatisfy { index, path in
            guard let found = try? Recipe(pictureAt: path) else { return false }
            var asked = recipe
            asked.seed &+= UInt64(index)
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
