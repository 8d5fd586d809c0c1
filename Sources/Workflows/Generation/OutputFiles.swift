import ArgumentParser
import Diffusion
import Foundation
import Imaging

enum PictureFormat: String, ExpressibleByArgument, CaseIterable { case png, jpeg }

struct OutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A file, or a folder for files named after the text; of --prompts a folder, made if need be. (default: "
                + "./<text>-<seed>.png)", valueName: "file|folder"))
    var output: String?
    @Option(help: "png or jpeg. (default: by the output's name, else png)") var format: PictureFormat?
    @Option(help: "Quality of JPEG, 1 to 100.") var quality = 95

    func validate() throws {
        if output?.isEmpty == true { throw ValidationError("--output must name a file or a folder; it is empty.") }
        if !(1...100).contains(quality) { throw ValidationError("--quality must be from 1 to 100; it is \(quality).") }
    }
}

/// A picture that is on disk.
struct DrawnPicture: Codable, Sendable {
    let path: String
    let prompt: String
    /// Whether the safety checker had it blurred; nil where it was not asked.
    let flagged: Bool?
    let seed: UInt64?
    let width: Int
    let height: Int
    /// Encoding and writing the file.
    let writeSeconds: Double

    enum CodingKeys: String, CodingKey {
        case path, prompt, flagged, seed, width, height
        case writeSeconds = "write_seconds"
    }
}

/// Where pictures go.
struct OutputFiles {
    private let encoding: ImageEncoding
    /// To be made where there is none.
    private var newFolder: String?
    /// One for each picture.
    let paths: [String]

    init(_ options: OutputOptions, _ request: GenerationRequest) throws {
        let named = options.output.map { URL(filePath: $0).pathExtension.lowercased() } ?? ""
        let format = options.format ?? (["jpg", "jpeg"].contains(named) ? .jpeg : .png)
        encoding = format == .png ? .png() : .jpeg(quality: options.quality)
        let fileExtension = encoding.format.fileExtension
        let count = request.pictureCount
        paths = (0..<count).map { index in
            let seed = request.seed &+ UInt64(index)
            let standard = "\(Self.slug(request.prompts.first ?? ""))-\(seed).\(fileExtension)"
            guard let output = options.output else { return standard }
            if Self.isFolder(output) { return URL(filePath: output).appending(path: standard).relativePath }
            guard count > 1 else { return output }
            let url = URL(filePath: output)
            let stem = url.deletingPathExtension().relativePath
            return "\(stem)-\(seed).\(url.pathExtension.isEmpty ? fileExtension : url.pathExtension)"
        }
    }

    /// Files of many texts, in a folder that is made for the first of them.
    init(folder: String?, _ options: OutputOptions, _ request: GenerationRequest) throws {
        var options = options
        options.output = folder.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        try self.init(options, request)
        newFolder = folder
    }

    /// Refuses what can't be written, before any work is done for it.
    func check() throws -> MadeFolders {
        let made = try newFolder.map { try MadeFolders(path: $0) } ?? MadeFolders()
        do {
            for path in paths { try checkWritable(path: path) }
        } catch {
            made.removeIfEmpty()
            throw error
        }
        return made
    }

    func write(_ picture: GeneratedPicture, _ description: GenerationDescription, _ resolved: ResolvedRequest) throws
        -> DrawnPicture
    {
        let start = ContinuousClock.now
        let path = paths[picture.index]
        try picture.image.write(
            to: path, as: encoding,
            metadata: description.drawn(picture, resolved).metadata(scheduler: resolved.scheduler.className))
        return DrawnPicture(
            path: path, prompt: picture.prompt, flagged: picture.safety?.isFlagged, seed: picture.seed,
            width: picture.image.width, height: picture.image.height,
            writeSeconds: (ContinuousClock.now - start).seconds)
    }

    private static func isFolder(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return path.hasSuffix("/")
            || FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// A text as part of a file's name: letters and digits of any script, the rest as dashes, less than 60 characters
    /// and, as file systems count, 200 bytes.
    static func slug(_ text: String) -> String {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
        var slug = ""
        for word in words {
            guard slug.count + word.count < 60, slug.utf8.count + word.utf8.count < 200 else { break }
            slug += slug.isEmpty ? word : "-" + word
        }
        return slug.isEmpty ? "picture" : slug
    }
}

/// Folders that were made for files which may not come to be.
struct MadeFolders {
    /// From the outermost one inwards.
    private var paths: [String] = []

    init() {}

    /// Makes a folder, and those above it that are not there.
    /// - Throws: `ImageError.cannotWrite`, after which there is none more than before.
    init(path: String) throws(ImageError) {
        var missing: [String] = []
        var next = URL(filePath: path).standardizedFileURL
        while !FileManager.default.fileExists(atPath: next.path), next.path != "/" {
            missing.append(next.path)
            next.deleteLastPathComponent()
        }
        for folder in missing.reversed() {
            guard mkdir(folder, 0o777) == 0 else {
                let code = errno
                removeIfEmpty()
                throw .cannotWrite(file: path, errno: code)
            }
            paths.append(folder)
        }
    }

    func removeIfEmpty() {
        for path in paths.reversed() { rmdir(path) }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
