public import Diffusion
import Foundation
public import Imaging

/// A picture on disk.
public struct DrawnPicture: Codable, Sendable {
    public let path: String
    public let prompt: String
    /// Whether the safety checker flagged and blurred the picture; nil where it was not checked.
    public let flagged: Bool?
    public let seed: UInt64?
    public let width: Int
    public let height: Int
    /// The duration of encoding and writing the file.
    public let writeSeconds: Double

    enum CodingKeys: String, CodingKey {
        case path, prompt, flagged, seed, width, height
        case writeSeconds = "write_seconds"
    }
}

/// The files of a request's pictures.
public struct OutputFiles {
    /// The location and format of files.
    public struct Options: Sendable {
        /// A file, or a folder for files named after the prompt; nil for the current folder.
        ///
        /// A path that ends in a slash is a folder, and so is one without an ending for several pictures; it is created.
        public var path: String?
        /// The format that is asked for, as the ending of names: png, jpg, jpeg or webp; nil for that of `path`, or PNG without one.
        public var format: String?
        /// Quality of JPEG and WebP, 1 to 100.
        public var quality: Int

        public init(path: String? = nil, format: String? = nil, quality: Int = 95) {
            self.path = path
            self.format = format
            self.quality = quality
        }
    }

    private let encoding: ImageEncoding
    /// The folder to create; nil where none is needed.
    private var newFolder: String?
    /// The path of each picture.
    public private(set) var paths: [String]
    /// Whether the names are made here, of prompts and seeds.
    private let namesAreMade: Bool

    /// - Throws: `OutputFilesError` for a format that is not written.
    public init(_ options: Options, _ request: GenerationRequest) throws(OutputFilesError) {
        let count = request.pictureCount
        let folder = options.path.flatMap { Self.isFolder($0, pictures: count) ? URL(filePath: $0) : nil }
        let ending = folder == nil ? options.path.map { URL(filePath: $0).pathExtension } ?? "" : ""
        let name = options.format ?? (ending.isEmpty ? "png" : ending)
        guard let format = ImageFormat(fileExtension: name), ImageFormat.written.contains(format) else {
            throw options.format == nil ? .ending(name, path: options.path ?? "") : .format(name)
        }
        encoding =
            switch format {
            case .jpeg: .jpeg(quality: options.quality)
            case .webp: .webp(quality: options.quality)
            default: .png()
            }
        paths = (0..<count).map { index in
            let seed = request.seed &+ UInt64(index)
            let prompt = request.prompts[index / request.imagesPerPrompt]
            let standard = "\(Self.slug(prompt))-\(seed).\(options.format?.lowercased() ?? "png")"
            guard let output = options.path else { return standard }
            if let folder { return folder.appending(path: standard).relativePath }
            guard count > 1 else { return output }
            return "\(URL(filePath: output).deletingPathExtension().relativePath)-\(seed).\(ending.isEmpty ? name : ending)"
        }
        namesAreMade = options.path == nil || folder != nil
        newFolder = (folder ?? options.path.map { URL(filePath: $0).deletingLastPathComponent() })?.relativePath
    }

    /// Files in a folder, which is created when the files are checked.
    public init(inNewFolder options: Options, _ request: GenerationRequest) throws(OutputFilesError) {
        var folder = options
        folder.path = options.path.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        try self.init(folder, request)
    }

    /// Creates the folder, and checks that every file can be written.
    /// - Throws: `ImageError.cannotWrite`; a folder created by then is removed.
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

    /// Writes a picture with the metadata that can draw it again.
    func write(
        _ picture: GeneratedPicture, _ description: GenerationDescription, _ resolved: ResolvedRequest,
        _ checkpoint: PictureCheckpoint
    ) throws -> DrawnPicture {
        let start = ContinuousClock.now
        let path = paths[picture.index]
        let metadata = try description.drawn(picture, resolved).metadata(
            scheduler: resolved.scheduler, checkpoint: checkpoint)
        try picture.image.write(to: path, as: encoding, metadata: metadata)
        return DrawnPicture(
            path: path, prompt: picture.prompt, flagged: picture.safety?.isFlagged, seed: picture.seed,
            width: picture.image.width, height: picture.image.height,
            writeSeconds: (ContinuousClock.now - start).seconds)
    }

    private static func isFolder(_ path: String, pictures count: Int) -> Bool {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        return path.hasSuffix("/") || exists && isDirectory.boolValue
            || !exists && count > 1 && URL(filePath: path).pathExtension.isEmpty
    }

    /// A text as part of a file name: letters and digits of any script, everything else as dashes; at most 60 characters, and at
    /// most 200 bytes, a limit of file systems.
    static func slug(_ text: String) -> String {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
        var slug = ""
        for word in words {
            let room = 60 - slug.count
            guard word.count < room, slug.utf8.count + word.utf8.count < 200 else {
                // A text without spaces is one long word.
                if slug.isEmpty { slug = String(word.prefix(room)).prefix(bytes: 200) }
                break
            }
            slug += slug.isEmpty ? word : "-" + word
        }
        return slug.isEmpty ? "picture" : slug
    }
}

extension OutputFiles {
    /// Gives pictures whose names are made here another name, `a-cat-1-2.png`, where the file of that name is anything but the
    /// picture that is drawn.
    public mutating func keepOthers(_ description: GenerationDescription, _ session: GenerationSession) {
        guard namesAreMade, paths.contains(where: FileManager.default.fileExists) else { return }
        var asked = description
        asked.files = session.fileRecords(description)
        for index in paths.indices {
            let (path, ending) = (
                URL(filePath: paths[index]).deletingPathExtension().relativePath, URL(filePath: paths[index]).pathExtension
            )
            var number = 2
            while FileManager.default.fileExists(atPath: paths[index]), !holdsPicture(index, of: asked) {
                paths[index] = "\(path)-\(number).\(ending)"
                number += 1
            }
        }
    }

    /// Whether all pictures of a description exist.
    func hold(_ description: GenerationDescription, _ session: GenerationSession) -> Bool {
        guard paths.allSatisfy({ FileManager.default.fileExists(atPath: $0) }) else { return false }
        var asked = description
        asked.files = session.fileRecords(description)
        return paths.indices.allSatisfy { holdsPicture($0, of: asked) }
    }

    private func holdsPicture(_ index: Int, of asked: GenerationDescription) -> Bool {
        guard let found = try? GenerationDescription(pictureAt: paths[index]) else { return false }
        var own = asked
        own.request.seed &+= UInt64(index)
        own.request.prompts = [asked.request.prompts[index / asked.request.imagesPerPrompt]]
        return found.answers(own)
    }
}

extension String {
    /// The longest beginning of whole characters that takes at most `count` bytes.
    fileprivate func prefix(bytes count: Int) -> String {
        var text = self
        while text.utf8.count > count { text.removeLast() }
        return text
    }
}

/// A name or format of output files that is not written.
public enum OutputFilesError: Error, Equatable, CustomStringConvertible {
    case ending(String, path: String)
    case format(String)

    public var description: String {
        let endings = ImageFormat.written.flatMap { $0.fileExtensions.prefix(2) }
        let known = endings.dropLast().joined(separator: ", ") + " or " + (endings.last ?? "")
        return switch self {
        case .ending(let ending, let path): "'\(path)' can't be written: pictures end in \(known), not in \(ending)."
        case .format(let name): "The format of pictures is \(known), not \(name)."
        }
    }
}

/// Folders created for output files; those that stay empty are removed.
struct MadeFolders {
    /// Paths from the outermost folder inwards.
    private var paths: [String] = []

    init() {}

    /// Creates a folder and its missing parents.
    /// - Throws: `ImageError.cannotWrite`; folders created by then are removed.
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

/// The files of previews: `<text>-<seed>-step-01.png`.
struct PreviewFiles {
    private let folder: URL
    private let request: GenerationRequest
    private let made: MadeFolders

    /// Creates the folder if it does not exist.
    init(folder: String, _ request: GenerationRequest) throws {
        self.folder = try ModelLocation.file(folder, of: "preview")
        self.request = request
        made = try MadeFolders(path: self.folder.path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: self.folder.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ImageError.cannotWrite(file: folder, errno: ENOTDIR)
        }
    }

    func removeIfEmpty() { made.removeIfEmpty() }

    func write(_ step: GenerationEvent.Step) throws {
        for (index, image) in zip(step.pictures, step.previews) {
            let number = String(format: "%02d", step.index + 1)
            let prompt = request.prompts[index / request.imagesPerPrompt]
            let name = "\(OutputFiles.slug(prompt))-\(request.seed &+ UInt64(index))-step-\(number).png"
            try image.write(to: folder.appending(path: name).path)
        }
    }
}
